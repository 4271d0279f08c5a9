"""SCPs and RCPs: types, documents, attachments, tags."""

import json
from typing import Any

import pytest

from sekisho.facts import OrganizationPolicy, OrganizationPolicyType
from sekisho.facts.organization import rcps_of, scps_of
from sekisho.lab.aws.organizations.node import put
from unit.lab.aws.organizations.build import (
    ALONE,
    DENY_S3,
    MANAGER,
    MEMBER,
    RCP,
    RCP_DENY_S3,
    SCP,
    document,
    organization,
)

CONSTRAINT = "ConstraintViolationException"
INVALID = "InvalidInputException"


def sized(kind: str, characters: int) -> str:
    """Return a document of as many characters, spaces counted."""
    text = DENY_S3 if kind == SCP else RCP_DENY_S3
    return text + " " * (characters - len(text))


def test_an_scp_attached_to_a_unit_reaches_the_accounts_in_it() -> None:
    lab = organization()
    unit, policy = lab.unit(), lab.policy()
    lab.ask("AttachPolicy", PolicyId=policy, TargetId=unit)
    assert [len(level) for level in scps_of(lab.facts, MEMBER)] == [1, 1]
    lab.ask("MoveAccount", AccountId=MEMBER, SourceParentId=lab.root, DestinationParentId=unit)
    names = [[one.name for one in level] for level in scps_of(lab.facts, MEMBER)]
    assert names == [["FullAWSAccess"], ["FullAWSAccess", "no-s3"], ["FullAWSAccess"]]
    assert scps_of(lab.facts, MANAGER) == ()


def test_enabling_rcps_attaches_full_access_everywhere_for_good() -> None:
    lab = organization()
    unit = lab.unit()
    assert rcps_of(lab.facts, MEMBER) == ()
    answer = lab.ask("EnablePolicyType", RootId=lab.root, PolicyType=RCP)
    assert [one["Type"] for one in answer["Root"]["PolicyTypes"]] == [SCP, RCP]
    late = lab.unit(name="late")
    for target in (lab.root, unit, late, MANAGER, MEMBER):
        assert lab.attached(target, RCP) == ["RCPFullAWSAccess"]
        refused = lab.refusal("DetachPolicy", PolicyId="p-RCPFullAWSAccess", TargetId=target)
        assert refused == (INVALID, "NON_DETACHABLE_POLICY")
    assert len(rcps_of(lab.facts, MEMBER)) == 2


def test_disabling_a_type_detaches_for_good() -> None:
    lab = organization()
    policy = lab.policy()
    lab.ask("EnablePolicyType", RootId=lab.root, PolicyType=RCP)
    lab.ask("AttachPolicy", PolicyId=policy, TargetId=MEMBER)
    lab.ask("DetachPolicy", PolicyId="p-FullAWSAccess", TargetId=MEMBER)
    lab.ask("DisablePolicyType", RootId=lab.root, PolicyType=SCP)
    assert scps_of(lab.facts, MEMBER) == ()
    assert lab.attached(MEMBER, RCP) == ["RCPFullAWSAccess"]
    refused = lab.refusal("AttachPolicy", PolicyId=policy, TargetId=MEMBER)
    assert refused == ("PolicyTypeNotEnabledException", "")
    refused = lab.refusal("DisablePolicyType", RootId=lab.root, PolicyType=SCP)
    assert refused == ("PolicyTypeNotEnabledException", "")
    lab.ask("EnablePolicyType", RootId=lab.root, PolicyType=SCP)
    assert lab.attached(MEMBER) == ["FullAWSAccess"]
    refused = lab.refusal("EnablePolicyType", RootId=lab.root, PolicyType=SCP)
    assert refused == ("PolicyTypeAlreadyEnabledException", "")


def test_consolidated_billing_has_no_policies() -> None:
    lab = organization(feature_set="CONSOLIDATED_BILLING")
    code = ("PolicyTypeNotAvailableForOrganizationException", "")
    assert lab.refusal("EnablePolicyType", RootId=lab.root, PolicyType=SCP) == code
    assert lab.refusal("CreatePolicy", Name="n", Description="", Type=SCP, Content=DENY_S3) == code


def test_types_that_decide_nothing_are_not_served() -> None:
    lab = organization()
    for operation, parameters in (
        ("EnablePolicyType", {"RootId": lab.root, "PolicyType": "TAG_POLICY"}),
        ("CreatePolicy", {"Name": "n", "Description": "", "Type": "TAG_POLICY", "Content": "{}"}),
    ):
        assert lab.refusal(operation, **parameters) == ("SekishoUnserved", "")
    assert lab.ask("ListPolicies", Filter="TAG_POLICY")["Policies"] == []
    assert lab.attached(MEMBER, "TAG_POLICY") == []


MALFORMED = {
    "not JSON": (SCP, "{"),
    "the old version": (SCP, DENY_S3.replace("2012-10-17", "2008-10-17")),
    "a principal in an SCP": (SCP, RCP_DENY_S3),
    "no principal in an RCP": (RCP, DENY_S3),
    "a named principal in an RCP": (RCP, document(Principal={"AWS": MEMBER})),
    "an RCP that allows": (RCP, document("Allow", Principal="*")),
    "an RCP that allows everything": (RCP, document("Allow", Principal="*", Action="*")),
}


@pytest.mark.parametrize(("kind", "text"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_documents(kind: str, text: str) -> None:
    lab = organization()
    given = {"Name": "n", "Description": "", "Type": kind, "Content": text}
    assert lab.refusal("CreatePolicy", **given) == ("MalformedPolicyDocumentException", "")
    policy = lab.policy(kind=kind)
    refused = lab.refusal("UpdatePolicy", PolicyId=policy, Content=text)
    assert refused == ("MalformedPolicyDocumentException", "")


@pytest.mark.parametrize(("kind", "most"), [(SCP, 10_240), (RCP, 5_120)])
def test_the_longest_document(kind: str, most: int) -> None:
    lab = organization()
    policy = lab.policy(kind=kind, content=sized(kind, most))
    refused = lab.refusal("UpdatePolicy", PolicyId=policy, Content=sized(kind, most + 1))
    assert refused == (CONSTRAINT, "POLICY_CONTENT_LIMIT_EXCEEDED")


def test_a_name_is_taken_in_its_type() -> None:
    lab = organization()
    policy = lab.policy("one")
    lab.policy("one", RCP)
    given = {"Description": "", "Type": SCP, "Content": DENY_S3}
    for name in ("one", "FullAWSAccess"):
        assert lab.refusal("CreatePolicy", Name=name, **given) == ("DuplicatePolicyException", "")
    lab.policy("two")
    refused = lab.refusal("UpdatePolicy", PolicyId=policy, Name="two")
    assert refused == ("DuplicatePolicyException", "")


def test_an_update_is_in_force_where_the_policy_is_attached() -> None:
    lab = organization()
    policy = lab.policy()
    lab.ask("AttachPolicy", PolicyId=policy, TargetId=MEMBER)
    text = document(Sid="Again")
    updated = lab.ask("UpdatePolicy", PolicyId=policy, Content=text, Description="d")["Policy"]
    assert (updated["PolicySummary"]["Name"], updated["PolicySummary"]["Description"]) == ("no-s3", "d")
    assert scps_of(lab.facts, MEMBER)[-1][-1].text == text
    assert lab.ask("UpdatePolicy", PolicyId=policy)["Policy"] == updated


def test_the_policies_of_aws_are_not_changed() -> None:
    lab = organization()
    for operation in ("UpdatePolicy", "DeletePolicy"):
        for policy in ("p-FullAWSAccess", "p-RCPFullAWSAccess"):
            assert lab.refusal(operation, PolicyId=policy) == (INVALID, "IMMUTABLE_POLICY")
    refused = lab.refusal("TagResource", ResourceId="p-FullAWSAccess", Tags=[])
    assert refused == ("TargetNotFoundException", "")
    described = lab.ask("DescribePolicy", PolicyId="p-FullAWSAccess")["Policy"]
    assert described["PolicySummary"]["AwsManaged"]
    assert json.loads(described["Content"])["Statement"][0]["Effect"] == "Allow"


def test_a_policy_in_use_is_not_deleted() -> None:
    lab = organization()
    policy = lab.policy()
    lab.ask("AttachPolicy", PolicyId=policy, TargetId=MEMBER)
    assert lab.refusal("DeletePolicy", PolicyId=policy) == ("PolicyInUseException", "")
    lab.ask("DetachPolicy", PolicyId=policy, TargetId=MEMBER)
    lab.ask("DeletePolicy", PolicyId=policy)
    assert lab.refusal("DescribePolicy", PolicyId=policy) == ("PolicyNotFoundException", "")


def test_the_last_scp_stays() -> None:
    lab = organization()
    policy = lab.policy()
    targets = (lab.root, lab.unit(), MEMBER)
    for target in targets:
        refused = lab.refusal("DetachPolicy", PolicyId="p-FullAWSAccess", TargetId=target)
        assert refused == (CONSTRAINT, "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
        lab.ask("AttachPolicy", PolicyId=policy, TargetId=target)
        lab.ask("DetachPolicy", PolicyId="p-FullAWSAccess", TargetId=target)
        assert lab.attached(target) == ["no-s3"]
    listed = lab.ask("ListTargetsForPolicy", PolicyId=policy)["Targets"]
    assert [target["TargetId"] for target in listed] == list(targets)


@pytest.mark.parametrize(("kind", "most"), [(SCP, 10), (RCP, 5)])
def test_as_many_policies_and_not_one_more(kind: str, most: int) -> None:
    lab = organization()
    lab.ask("EnablePolicyType", RootId=lab.root, PolicyType=RCP)
    for at in range(most - 1):
        lab.ask("AttachPolicy", PolicyId=lab.policy(f"p{at}", kind), TargetId=MEMBER)
    assert len(lab.attached(MEMBER, kind)) == most
    refused = lab.refusal("AttachPolicy", PolicyId=lab.policy("more", kind), TargetId=MEMBER)
    assert refused == (CONSTRAINT, "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")


@pytest.mark.parametrize(("kind", "most"), [(SCP, 10_000), (RCP, 1_000)])
def test_as_many_policies_in_an_organization_and_not_one_more(kind: str, most: int) -> None:
    lab = organization()
    name = lab.ask("DescribeOrganization")["Organization"]["Id"]
    text = DENY_S3 if kind == SCP else RCP_DENY_S3
    known = (
        OrganizationPolicy(name, f"p-x{at}", f"x{at}", OrganizationPolicyType(kind), text)
        for at in range(most - 1)
    )
    lab.facts = lab.facts.applied(put(policy) for policy in known)
    lab.policy("last", kind)
    given = {"Name": "more", "Description": "", "Type": kind, "Content": text}
    assert lab.refusal("CreatePolicy", **given) == (CONSTRAINT, "POLICY_NUMBER_LIMIT_EXCEEDED")


def test_attachments_refused() -> None:
    lab = organization()
    policy = lab.policy()

    def refused(operation: str, id_: str, target: str) -> str:
        return lab.refusal(operation, PolicyId=id_, TargetId=target)[0]

    for operation in ("AttachPolicy", "DetachPolicy"):
        assert refused(operation, "p-0000000000", MEMBER) == "PolicyNotFoundException"
        assert refused(operation, policy, ALONE) == "TargetNotFoundException"
    assert refused("AttachPolicy", lab.policy("r", RCP), MEMBER) == "PolicyTypeNotEnabledException"
    assert refused("AttachPolicy", "p-FullAWSAccess", MEMBER) == "DuplicatePolicyAttachmentException"
    assert refused("DetachPolicy", policy, MEMBER) == "PolicyNotAttachedException"


def tag(key: str, value: str = "") -> dict[str, str]:
    return {"Key": key, "Value": value}


def test_tags_of_every_resource() -> None:
    lab = organization()
    for resource in (lab.root, lab.unit(), MEMBER, lab.policy()):
        lab.ask("TagResource", ResourceId=resource, Tags=[tag("a", "1"), tag("b")])
        lab.ask("TagResource", ResourceId=resource, Tags=[tag("A", "2"), tag("b", "3")])
        lab.ask("UntagResource", ResourceId=resource, TagKeys=["a", "none"])
        found = lab.ask("ListTagsForResource", ResourceId=resource)["Tags"]
        assert found == [tag("A", "2"), tag("b", "3")]


TAGS_REFUSED: dict[str, tuple[list[dict[str, str]], tuple[str, str]]] = {
    "a key twice": ([tag("a"), tag("a")], (INVALID, "DUPLICATE_TAG_KEY")),
    "a reserved key": ([tag("AWS:a")], (INVALID, "INVALID_SYSTEM_TAGS_PARAMETER")),
    "more than fifty": ([tag(str(at)) for at in range(51)], (CONSTRAINT, "MAX_TAG_LIMIT_EXCEEDED")),
}


@pytest.mark.parametrize(("tags", "code"), TAGS_REFUSED.values(), ids=TAGS_REFUSED.keys())
def test_tags_refused(tags: list[dict[str, str]], code: tuple[str, str]) -> None:
    lab = organization()
    assert lab.refusal("TagResource", ResourceId=MEMBER, Tags=tags) == code
    creations: dict[str, dict[str, Any]] = {
        "CreateOrganizationalUnit": {"ParentId": lab.root, "Name": "n"},
        "CreatePolicy": {"Name": "n", "Description": "", "Type": SCP, "Content": DENY_S3},
        "CreateAccount": {"Email": "a@example.com", "AccountName": "a"},
        "InviteAccountToOrganization": {"Target": {"Id": ALONE, "Type": "ACCOUNT"}},
    }
    for operation, parameters in creations.items():
        assert lab.refusal(operation, **parameters, Tags=tags) == code


def test_fifty_tags_and_not_one_more() -> None:
    lab = organization()
    lab.ask("TagResource", ResourceId=MEMBER, Tags=[tag(str(at)) for at in range(50)])
    assert len(lab.ask("ListTagsForResource", ResourceId=MEMBER)["Tags"]) == 50
    refused = lab.refusal("TagResource", ResourceId=MEMBER, Tags=[tag("more")])
    assert refused == (CONSTRAINT, "MAX_TAG_LIMIT_EXCEEDED")

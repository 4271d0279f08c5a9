"""What is known of the resource of a call: one row per kind, there and not there."""

import pytest

from sekisho.decide.values import AccountId
from sekisho.facts import (
    Cluster,
    InstanceProfile,
    Key,
    Kind,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnectProvider,
    PolicyVersion,
    Put,
    Role,
    Snapshot,
    User,
)
from sekisho.lab.aws.door.found_states import found_states
from sekisho.lab.aws.iam.entity import key_of
from unit.lab.aws.iam.build import ALLOW_ALL, EC2_TRUST, ISSUER
from unit.lab.aws.organizations.build import MANAGER, MEMBER, NOW, organization

RED = (("team", "red"),)
LAB = organization()
UNIT = LAB.unit()
LAB.ask("MoveAccount", AccountId=MEMBER, SourceParentId=LAB.root, DestinationParentId=UNIT)
SCP = LAB.policy()
for tagged in (LAB.root, UNIT, MEMBER, SCP):
    LAB.ask("TagResource", ResourceId=tagged, Tags=[{"Key": "team", "Value": "red"}])
USER = User(MEMBER, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW, path="/x/", tags=RED)
ROLE = Role(MEMBER, "app", "AROAAPPAPPAPPAPPAPPA1", NOW, EC2_TRUST, tags=RED)
POLICY = ManagedPolicy(
    MEMBER, "own", "ANPAOWN", NOW, NOW, (PolicyVersion("v1", ALLOW_ALL, NOW),), "v1", tags=RED
)
PROVIDER = OpenIdConnectProvider(MEMBER, ISSUER, NOW, tags=RED)
PROFILE = InstanceProfile(MEMBER, "node", "AIPANODE", NOW, path="/x/", tags=RED)
DEVICE = MfaDevice(MEMBER, "mira", NOW, tags=RED)
FENCED = User(MEMBER, "ana", "AIDAANAANAANAANAANA11", NOW, boundary=str(POLICY.arn))
FENCED_ROLE = Role(MEMBER, "ci", "AROACICICICICICICICI1", NOW, EC2_TRUST, boundary=str(POLICY.arn))
IAM_FACTS = (USER, ROLE, POLICY, PROVIDER, PROFILE, DEVICE, FENCED, FENCED_ROLE)
CLUSTER = Cluster(MEMBER, "eu-west-1", "clu", "1.34", NOW, tags=RED)
FACTS: Snapshot = LAB.facts.applied(
    [
        *(Put(key_of(fact), fact) for fact in IAM_FACTS),
        Put(Key(Kind.CLUSTER, f"{MEMBER}/eu-west-1", "clu"), CLUSTER),
    ]
)
HOME = LAB.ask("DescribeOrganization")["Organization"]["Id"]
ROOT = LAB.root
NODES = f"arn:aws:organizations::{MANAGER}:"
MANAGED = f"{NODES}policy/{HOME}/service_control_policy/{SCP}"
IAM = f"arn:aws:iam::{MEMBER}:"

TAGS: dict[str, tuple[str, dict[str, str] | None]] = {
    "a user": (str(USER.arn), {"team": "red"}),
    "a user under another path": (f"{IAM}user/mira", {}),
    "a role": (str(ROLE.arn), {"team": "red"}),
    "a role that is not there": (f"{IAM}role/gone", {}),
    "a policy": (str(POLICY.arn), {"team": "red"}),
    "a policy that is not there": (f"{IAM}policy/gone", {}),
    "a provider": (str(PROVIDER.arn), {"team": "red"}),
    "a provider that is not there": (f"{IAM}oidc-provider/gone", {}),
    "a group, which cannot be tagged": (f"{IAM}group/staff", {}),
    "the root user": (f"{IAM}root", {}),
    "an instance profile": (str(PROFILE.arn), {"team": "red"}),
    "an instance profile under another path": (f"{IAM}instance-profile/node", {}),
    "a device": (str(DEVICE.arn), {"team": "red"}),
    "a device that is not there": (f"{IAM}mfa/gone", {}),
    "something else of IAM": (f"{IAM}server-certificate/x", None),
    "a cluster": (str(CLUSTER.arn), {"team": "red"}),
    "a cluster that is not there": (f"arn:aws:eks:eu-west-1:{MEMBER}:cluster/gone", {}),
    "an add-on that is not there": (str(CLUSTER.arn).replace("cluster/clu", "addon/clu/x/y"), {}),
    "an association of no cluster": (
        str(CLUSTER.arn).replace("cluster/clu", "podidentityassociation/gone/a-1"),
        {},
    ),
    "something else of EKS": (str(CLUSTER.arn).replace("cluster/clu", "nodegroup/clu/x/y"), None),
    "a root": (f"{NODES}root/{HOME}/{ROOT}", {"team": "red"}),
    "a unit": (f"{NODES}ou/{HOME}/{UNIT}", {"team": "red"}),
    "an account": (f"{NODES}account/{HOME}/{MEMBER}", {"team": "red"}),
    "a policy of the organization": (MANAGED, {"team": "red"}),
    "a policy that has no id yet": (f"{NODES}policy/{HOME}/service_control_policy/p-*", {}),
    "a federated user": (f"arn:aws:sts::{MEMBER}:federated-user/guest", {}),
    "a bucket": ("arn:aws:s3:::docs", None),
    "another account's": ("arn:aws:iam::999999999999:user/x", None),
    "a policy of AWS": ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
    "nothing in particular": ("*", None),
}


@pytest.mark.parametrize(("arn", "tags"), TAGS.values(), ids=TAGS.keys())
def test_tags(arn: str, tags: dict[str, str] | None) -> None:
    assert found_states(FACTS, MEMBER)(arn).tags == tags


BOUNDARIES: dict[str, tuple[str, str | None]] = {
    "a user's": (str(FENCED.arn), str(POLICY.arn)),
    "a role's": (str(FENCED_ROLE.arn), str(POLICY.arn)),
    "a user without one": (str(USER.arn), None),
    "a user under another path": (f"{IAM}user/x/ana", None),
    "a role that is not there": (f"{IAM}role/gone", None),
}


@pytest.mark.parametrize(("arn", "boundary"), BOUNDARIES.values(), ids=BOUNDARIES.keys())
def test_boundaries(arn: str, boundary: str | None) -> None:
    assert found_states(FACTS, MEMBER)(arn).keys["iam:PermissionsBoundary"] == boundary


@pytest.mark.parametrize("arn", [str(POLICY.arn), f"{IAM}group/staff", str(CLUSTER.arn)])
def test_only_users_and_roles_have_boundaries(arn: str) -> None:
    assert "iam:PermissionsBoundary" not in found_states(FACTS, MEMBER)(arn).keys


@pytest.mark.parametrize(
    ("arn", "key"),
    [
        (str(USER.arn), "iam:RegisterSecurityKey"),
        (f"{IAM}user/gone", "iam:FIDO-certification"),
        (str(ROLE.arn), "iam:RoleTemplateArn"),
    ],
)
def test_what_nobody_has_is_known_to_be_absent(arn: str, key: str) -> None:
    assert found_states(FACTS, MEMBER)(arn).keys[key] is None


def test_whose_a_resource_is() -> None:
    read = found_states(FACTS, MEMBER)
    own = {
        "aws:ResourceAccount": MEMBER,
        "aws:ResourceOrgID": HOME,
        "aws:ResourceOrgPaths": (f"{HOME}/{ROOT}/{UNIT}/",),
    }
    assert read(str(POLICY.arn)).keys == own
    assert read("arn:aws:s3:::docs").keys == own
    assert read("*").keys == {}
    assert read("arn:aws:iam::aws:policy/ReadOnlyAccess").keys == {}


def test_an_account_in_no_organization() -> None:
    alone = AccountId("777788889999")
    facts = Snapshot()
    assert found_states(facts, alone)(f"arn:aws:iam::{alone}:policy/x").keys == {}


TYPES: dict[str, tuple[str, dict[str, str | None]]] = {
    "the organization's": (MANAGED, {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"}),
    "AWS's own": (
        "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
        {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"},
    ),
    "of a type that is not served": ("arn:aws:organizations::aws:policy/other_policy/p-x", {}),
    "of no type": ("arn:aws:organizations::aws:policy/p-x", {}),
    "what is no policy": (f"{NODES}root/{HOME}/{ROOT}", {"organizations:PolicyType": None}),
    "a policy of IAM": (str(POLICY.arn), {}),
}


@pytest.mark.parametrize(("arn", "told"), TYPES.values(), ids=TYPES.keys())
def test_the_type_of_a_policy(arn: str, told: dict[str, str | None]) -> None:
    keys = found_states(FACTS, MANAGER)(arn).keys
    assert {key: value for key, value in keys.items() if key.startswith("organizations:")} == told

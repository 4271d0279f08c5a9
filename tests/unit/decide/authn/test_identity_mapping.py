"""From identity to Kubernetes user: sources in order, templates, reserved names, accounts, pins."""

import json
from typing import Any

import pytest

from sekisho.decide.authn.aws_auth import CONFIG_MAP, parse
from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.backend_file import load_custom_resources, load_lists
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.mapping import implicit_groups, resolve, wanted_instance
from sekisho.decide.authn.mapping_code import MappingCode as Code
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.decision import Outcome
from sekisho.decide.values import KubeUser, Ref, SekishoInputError

A = "111122223333"
ROLE = f"arn:aws:iam::{A}:role/ops"
USER = f"arn:aws:iam::{A}:user/ana"
NODE = "i-0a1b2c3d4e5f60718"
SET = "AWSReservedSSO_Ops_0f1e2d3c4b5a6978"
KEY = "ASIAEXAMPLEKEY000001"


def session(role: str = "ops", name: str = "mia", role_id: str = "AROAOPS") -> StsIdentity:
    return identity_of(f"arn:aws:sts::{A}:assumed-role/{role}/{name}", f"{role_id}:{name}", A, KEY)


def user(name: str = "ana", user_id: str = "AIDAANA") -> StsIdentity:
    return identity_of(f"arn:aws:iam::{A}:user/{name}", user_id, A, KEY)


def config_map(
    roles: list[dict[str, Any]] | str = "",
    users: list[dict[str, Any]] | str = "",
    accounts: list[str] | str = "",
    *,
    reading: Reading = Reading.CANONICAL,
    sso: bool = True,
    strict: bool = False,
    reserved: tuple[str, ...] = (),
) -> Backend:
    sections = {"mapRoles": roles, "mapUsers": users, "mapAccounts": accounts}
    data = {name: value if isinstance(value, str) else json.dumps(value) for name, value in sections.items()}
    auth = parse(data, Rules(reading, sso))
    return Backend.from_aws_auth(auth, CONFIG_MAP, user_id_strict=strict, reserved_prefixes=reserved)


def role(arn: str = ROLE, username: str = "ops", *groups: str, **more: str) -> dict[str, Any]:
    return {"rolearn": arn, "username": username, "groups": list(groups), **more}


def named(arn: str = USER, username: str = "ana", *groups: str) -> dict[str, Any]:
    return {"userarn": arn, "username": username, "groups": list(groups)}


def sso(username: str, permission_set: str = "Ops", **more: str) -> dict[str, Any]:
    return {"sso": {"permissionSetName": permission_set, "accountID": A, **more}, "username": username}


def name_of(identity: StsIdentity, *backends: Backend) -> str | None:
    decision = resolve(identity, backends)
    return decision.value.name if decision.value else None


def test_the_user_of_a_role() -> None:
    decision = resolve(session(), [config_map([role(ROLE, "ops", "a", "b")])])
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.ALLOW, Code.ROLE)
    assert decision.decisive[0].at == CONFIG_MAP.child("mapRoles", 0)
    assert decision.value == KubeUser(
        "ops",
        ("a", "b"),
        f"aws-iam-authenticator:{A}:AROAOPS",
        (
            ("arn", (f"arn:aws:sts::{A}:assumed-role/ops/mia",)),
            ("canonicalArn", (ROLE,)),
            ("sessionName", ("mia",)),
            ("accessKeyId", (KEY,)),
            ("principalId", ("AROAOPS",)),
            ("sigs.k8s.io/aws-iam-authenticator/principalId", ("AROAOPS",)),
        ),
    )


def test_an_account_whose_identities_are_scrubbed() -> None:
    backends = [config_map([role()])]
    scrubbed = resolve(session(), backends, scrubbed_accounts=frozenset({A})).value
    assert scrubbed == KubeUser("ops", (), "aws-iam-authenticator:administrative:ops")
    assert resolve(session(), backends, scrubbed_accounts=frozenset({"444455556666"})).value != scrubbed


WHO = {
    "matching ignores case": (session("Ops"), [config_map([role()])], "ops"),
    "the last of two roles": (session(), [config_map([role(), role(username="second")])], "second"),
    "the last of two users, by any spelling": (
        user(),
        [config_map("", [named(), named(USER.upper().replace("ARN:AWS:IAM", "arn:aws:iam"), "second")])],
        "second",
    ),
    "a role entry before a user entry": (session(), [config_map([role()], [named(ROLE, "other")])], "ops"),
    "a role listed under users": (session(), [config_map("", [named(ROLE, "other")])], "other"),
    "a user listed under roles": (user(), [config_map([role(USER, "ana")])], "ana"),
    "a role path is dropped": (session(), [config_map([role(f"arn:aws:iam::{A}:role/p/ops")])], "ops"),
    "not as EKS reads it": (
        session(),
        [config_map([role(f"arn:aws:iam::{A}:role/p/ops")], reading=Reading.EKS)],
        None,
    ),
    "a user's path counts": (user("p/ana"), [config_map("", [named()])], None),
    "another account": (
        session(),
        [config_map([role(ROLE.replace(A, "444455556666"))])],
        None,
    ),
    "an empty user name": (session(), [config_map([role(username="")])], ""),
    "a permission set": (session(SET), [config_map([sso("set")])], "set"),
    "a permission set in another case": (session(SET), [config_map([sso("set", "oPS")])], "set"),
    "a longer permission set": (
        session("AWSReservedSSO_Ops_Admin_0f1e2d3c4b5a6978"),
        [config_map([sso("set")])],
        None,
    ),
    "15 digits": (
        session("AWSReservedSSO_Ops_0f1e2d3c4b5a697"),
        [config_map([sso("set")])],
        None,
    ),
    "no suffix": (
        session("AWSReservedSSO_Ops_0f1e2d3c4b5a697g"),
        [config_map([sso("set")])],
        None,
    ),
    "a permission set elsewhere": (session(SET), [config_map([sso("set", partition="aws-cn")])], None),
    "the partition said": (session(SET), [config_map([sso("set", partition="aws")])], "set"),
    "permission sets switched off": (session(SET), [config_map([sso("set")], sso=False)], None),
    "an ARN before a permission set": (
        session(SET),
        [config_map([role(f"arn:aws:iam::{A}:role/{SET}", "by-arn"), sso("set")])],
        "by-arn",
    ),
    "a permission set before a user entry": (
        session(SET),
        [config_map([sso("set")], [named(f"arn:aws:iam::{A}:role/{SET}", "listed-under-users")])],
        "set",
    ),
    "the last of two sets": (
        session(SET),
        [config_map([sso("set"), sso("second", "OPS")])],
        "second",
    ),
    "an account": (session(), [config_map(accounts=[A])], ROLE),
    "an account, user": (user(), [config_map(accounts=[A])], USER),
    "an account's rule after the entry": (session(), [config_map([role()], accounts=[A])], "ops"),
    "another account's rule": (session(), [config_map(accounts=["444455556666"])], None),
    "the first source": (session(), [config_map([role()]), config_map([role(username="b")])], "ops"),
    "the second source": (session(), [config_map(), config_map([role(username="b")])], "b"),
    "an account before the second source": (
        session(),
        [config_map(accounts=[A]), config_map([role()])],
        ROLE,
    ),
    "no source": (session(), [], None),
}


@pytest.mark.parametrize(("identity", "backends", "name"), WHO.values(), ids=WHO)
def test_who(identity: StsIdentity, backends: list[Backend], name: str | None) -> None:
    decision = resolve(identity, backends)
    assert (decision.value.name if decision.value else None) == name
    if name is None:
        assert (decision.outcome, decision.decisive[0].code) == (Outcome.NO_OPINION, Code.NOT_MAPPED)


def test_the_way_of_the_match_has_a_code_of_its_own() -> None:
    by_set = resolve(session(SET), [config_map([sso("set")])])
    by_arn = resolve(session(), [config_map([role()])])
    assert [step.code for step in (*by_set.decisive, *by_arn.decisive)] == [Code.SSO, Code.ROLE]


RENDERED = {
    "account": ("a-{{AccountID}}", f"a-{A}"),
    "session": ("{{SessionName}}", "kim-corp.example"),
    "raw session": ("{{SessionNameRaw}}", "kim@corp.example"),
    "access key": ("{{AccessKeyID}}", KEY),
    "twice": ("{{SessionName}}{{SessionName}}", "kim-corp.examplekim-corp.example"),
    "spaces inside": ("{{ SessionName }}", "{{ SessionName }}"),
    "unknown": ("{{Team}}", "{{Team}}"),
    "unclosed": ("{{SessionName}", "{{SessionName}"),
}


@pytest.mark.parametrize(("template", "text"), RENDERED.values(), ids=RENDERED)
def test_templates_in_names_and_groups(template: str, text: str) -> None:
    decision = resolve(session(name="kim@corp.example"), [config_map([role(ROLE, template, template)])])
    assert decision.value is not None
    assert (decision.value.name, decision.value.groups) == (text, (text,))


NODE_ENTRY = [role(ROLE, "system:node:{{EC2PrivateDNSName}}", "system:nodes")]


@pytest.mark.parametrize(
    ("name", "names", "outcome", "code"),
    [
        (NODE, {NODE: "ip-10-0-0-1.ec2.internal"}, Outcome.ALLOW, Code.ROLE),
        ("i-0a1b2c3d", {"i-0a1b2c3d": "ip-10-0-0-1.ec2.internal"}, Outcome.ALLOW, Code.ROLE),
        (NODE, {NODE: None}, Outcome.DENY, Code.INSTANCE_UNKNOWN),
        (NODE, {NODE: ""}, Outcome.DENY, Code.INSTANCE_UNKNOWN),
        (NODE, {}, Outcome.UNKNOWN, Code.INSTANCE_UNREAD),
        ("mia", {}, Outcome.DENY, Code.SESSION_NOT_INSTANCE),
        (NODE[:-1], {}, Outcome.DENY, Code.SESSION_NOT_INSTANCE),
        (NODE + "0", {}, Outcome.DENY, Code.SESSION_NOT_INSTANCE),
    ],
)
def test_node_names(name: str, names: dict[str, str | None], outcome: Outcome, code: Code) -> None:
    backends = [config_map(NODE_ENTRY, accounts=[A]), config_map([role()])]
    decision = resolve(session(name=name), backends, names)
    assert (decision.outcome, decision.decisive[0].code) == (outcome, code)
    if decision.value:
        assert decision.value.name == "system:node:ip-10-0-0-1.ec2.internal"


def test_the_instance_to_look_up_is_known_before() -> None:
    node, other = config_map(NODE_ENTRY), config_map([role()])
    in_group = config_map([role(ROLE, "n", "{{EC2PrivateDNSName}}")])
    instance = session(name=NODE)
    assert wanted_instance(instance, [config_map(), node]) == NODE
    assert wanted_instance(instance, [in_group]) == NODE
    assert wanted_instance(instance, [other, node]) is None
    assert wanted_instance(instance, [config_map(accounts=[A]), node]) is None
    assert wanted_instance(instance, []) is None
    assert wanted_instance(session(), [node]) is None


def test_reserved_user_names() -> None:
    entries = [role(username="sys{{SessionName}}")]
    identity = session(name="tem")
    denied = resolve(identity, [config_map(entries, accounts=[A], reserved=("", "eks:", "system"))])
    assert (denied.outcome, denied.decisive[0].code) == (Outcome.DENY, Code.RESERVED)
    assert dict(denied.decisive[0].facts)["prefix"] == "system"
    assert name_of(identity, config_map(entries, reserved=("", "System", "systems"))) == "system"


def test_a_pinned_id_counts_and_the_name_does_not() -> None:
    pinned = config_map([role(userid="AROAOPS")], strict=True)
    assert name_of(session(), pinned) == "ops"
    assert name_of(session(role_id="AROANEW"), pinned) is None
    assert name_of(session(), config_map([role()], strict=True)) is None
    assert name_of(session(role_id="AROANEW"), config_map([role(userid="AROAOPS")])) == "ops"


def test_a_pin_that_names_another_arn() -> None:
    mismatch = config_map([role(f"arn:aws:iam::{A}:role/old", userid="AROAOPS")], strict=True)
    decision = resolve(session(), [mismatch])
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.DENY, Code.USER_ID_ARN)
    assert name_of(session(), mismatch, config_map([role(username="later")])) == "later"
    assert wanted_instance(session(name=NODE), [mismatch, config_map(NODE_ENTRY)]) == NODE
    by_account = config_map([role(USER, userid="AROAOPS")], accounts=[A], strict=True)
    decision = resolve(session(), [by_account])
    assert [step.code for step in decision.trace] == [Code.USER_ID_ARN, Code.ACCOUNT]
    path = config_map([role(f"arn:aws:iam::{A}:role/P/Ops", userid="AROAOPS")], strict=True)
    assert name_of(session(), path) == "ops"


def test_what_could_not_be_read_makes_the_answer_unknown() -> None:
    broken = config_map("- {", [named()])
    decision = resolve(session(), [broken])
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.UNKNOWN, Code.UNREAD)
    assert decision.decisive[0].at == CONFIG_MAP.child("mapRoles")
    assert name_of(user(), broken) == "ana"
    as_eks = resolve(session(), [config_map("- {", reading=Reading.EKS)])
    assert (as_eks.outcome, as_eks.decisive[0].code) == (Outcome.NO_OPINION, Code.NOT_MAPPED)


def test_a_mounted_file_is_read_strictly() -> None:
    document: dict[str, Any] = {
        "clusterID": "harbor",
        "mapRoles": [role(f"arn:aws:sts::{A}:assumed-role/p/ops/x", "file"), sso("set")],
        "mapAccounts": [444455556666],
    }
    backend, notices = load_lists(
        BackendMode.MOUNTED_FILE, document, Ref("c.yaml", "/server"), sso_role_match=True
    )
    assert (name_of(session(), backend), name_of(session(SET), backend)) == ("file", "set")
    assert backend.mappings[1].at == Ref("c.yaml", "/server/mapRoles/1")
    assert [rule.account for rule in backend.accounts] == ["444455556666"]
    assert [str(notice.step.code) for notice in notices] == ["aws-auth.session-arn"]


FILE_FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a list that is none": ({"mapRoles": {}}, ["aws-auth.not-a-list"]),
    "an entry without ARN": ({"mapUsers": [{"username": "a"}]}, ["aws-auth.arn-missing"]),
    "a wildcard": ({"mapRoles": [role(f"arn:aws:iam::{A}:role/*")]}, ["aws-auth.arn-wildcard"]),
    "a lost zero": ({"mapAccounts": [1234567012]}, ["aws-auth.account-invalid"]),
    "an account that is true": ({"mapAccounts": [True]}, ["aws-auth.account-invalid"]),
    "an account that is a list": ({"mapAccounts": [[]]}, ["aws-auth.account-invalid"]),
    "a permission set, off": ({"mapRoles": [sso("set")]}, ["aws-auth.sso-disabled"]),
    "every fault at once": (
        {"mapRoles": [{}], "mapUsers": "x", "mapAccounts": ["x"]},
        ["aws-auth.not-a-list", "aws-auth.account-invalid", "aws-auth.arn-missing"],
    ),
}


@pytest.mark.parametrize(("document", "codes"), FILE_FAULTS.values(), ids=FILE_FAULTS)
@pytest.mark.parametrize("mode", [BackendMode.MOUNTED_FILE, BackendMode.DYNAMIC_FILE])
def test_files_with_faults_are_refused(mode: BackendMode, document: dict[str, Any], codes: list[str]) -> None:
    with pytest.raises(SekishoInputError) as caught:
        load_lists(mode, document, Ref("file"))
    assert [fault.code for fault in caught.value.faults] == codes


def test_a_dynamic_file_pins_ids_and_knows_no_permission_sets() -> None:
    document = {"mapRoles": [{"userid": "AROAOPS", "username": "pinned"}]}
    backend, _ = load_lists(BackendMode.DYNAMIC_FILE, document, Ref("f"), user_id_strict=True)
    assert (name_of(session("any"), backend), backend.mappings[0].principal) == ("pinned", "AROAOPS")
    with pytest.raises(SekishoInputError):
        load_lists(BackendMode.DYNAMIC_FILE, {"mapRoles": [sso("set")]}, Ref("f"), sso_role_match=True)


def test_custom_resources() -> None:
    specs = [
        (Ref("iamidentitymapping/a"), {"arn": f"arn:aws:iam::{A}:role/p/Ops", "username": "first"}),
        (Ref("iamidentitymapping/b"), {"arn": ROLE, "username": "second"}),
        (Ref("iamidentitymapping/c"), {"arn": USER, "username": "ana"}),
        (Ref("iamidentitymapping/d"), {"username": "nobody"}),
    ]
    backend, notices = load_custom_resources(specs, Ref("iamidentitymappings"), reserved_prefixes=["an"])
    assert name_of(session(), backend) == "first"
    assert resolve(user(), [backend]).decisive[0].code is Code.RESERVED
    assert [(str(notice.step.code), notice.step.at.document) for notice in notices] == [
        ("aws-auth.role-path", "iamidentitymapping/a"),
        ("aws-auth.arn-missing", "iamidentitymapping/d"),
        ("aws-auth.duplicate-arn", "iamidentitymapping/b"),
    ]


def test_the_group_of_everybody_who_authenticated() -> None:
    assert implicit_groups(KubeUser("a", ("g",))).groups == ("g", "system:authenticated")
    for group in ("system:authenticated", "system:unauthenticated"):
        assert implicit_groups(KubeUser("a", (group,))).groups == (group,)

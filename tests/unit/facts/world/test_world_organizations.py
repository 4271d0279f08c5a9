"""Organizations in a world file: what a whole one says, and one row for each rule that one can break."""

import json

import pytest

from sekisho.decide.values import InputFault, Instant, Ref, SekishoInputError
from sekisho.facts import AccountCreation, Kind, OrganizationPolicyType, Snapshot
from sekisho.facts.files import read_documents
from sekisho.facts.organization import RCP_FULL_ACCESS, path_of, rcps_of, scps_of
from sekisho.facts.shape import MAX_FAULTS
from sekisho.facts.world.events import UnknownIds, events
from sekisho.facts.world.file import files_of, parse_world
from unit.facts.world.test_world_file import Counting

CREATED = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
DENY = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}'
DENY_ALL = DENY.replace('"Action"', '"Principal":"*","Action"')
WORLD = """\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: ap-northeast-1
accounts:
  - {id: "111122223333", name: main}
  - {id: "444455556666", name: shop}
  - {id: "777788889999", name: lone}
organizations:
  - management: main
    policies:
      - name: no-s3
        type: SERVICE_CONTROL_POLICY
        document: {Version: "2012-10-17", Statement: {Effect: Deny, Action: "s3:*", Resource: "*"}}
      - name: perimeter
        type: RESOURCE_CONTROL_POLICY
        description: nobody from elsewhere
        file: rcps/perimeter.json
    root:
      policyTypes: [SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY]
      tags: {owner: core}
      units:
        - name: prod
          policies: [FullAWSAccess, perimeter]
          units:
            - name: eu
              accounts:
                - account: shop
                  email: shop@example.org
                  joinedMethod: CREATED
                  policies: [no-s3]
    accountCreations:
      - {id: car-0123456789, name: shop, account: "444455556666"}
"""
SCP = "SERVICE_CONTROL_POLICY"
ROOT = "/organizations/0/root"
FILES = {"rcps/perimeter.json": DENY_ALL}


def facts_of(text: str = WORLD) -> Snapshot:
    return Snapshot(events(parse_world(text, "w", FILES), Counting(), CREATED))


def organization_ids(facts: Snapshot) -> tuple[str, ...]:
    return tuple(facts.scope(Kind.ORGANIZATION, ""))


def faults_of(text: str, files: dict[str, str] | None = None) -> tuple[InputFault, ...]:
    with pytest.raises(SekishoInputError) as caught:
        parse_world(text, "w", FILES if files is None else files)
    return caught.value.faults


def test_the_tree_is_that_of_the_file_with_ids_where_it_gives_none() -> None:
    facts = facts_of()
    (organization,) = (facts.organization(id_) for id_ in organization_ids(facts))
    assert organization is not None
    shop, main = facts.organization_account("444455556666"), facts.organization_account("111122223333")
    assert shop is not None
    assert main is not None
    assert facts.organization_account("777788889999") is None
    path = path_of(facts, organization, shop.parent).split("/")
    assert [part.split("-")[0] for part in path] == ["o", "r", "ou", "ou", ""]
    assert path[2].startswith(f"ou-{organization.root.removeprefix('r-')}-")
    assert main.parent == organization.root
    assert (organization.management, organization.created) == ("111122223333", CREATED)
    assert (shop.email, shop.joined_method, shop.joined) == ("shop@example.org", "CREATED", CREATED)
    assert main.email == "root+111122223333@example.com"
    (creation,) = facts.account_creations(organization.organization)
    assert creation == AccountCreation(
        organization.organization, "car-0123456789", "shop", CREATED, "444455556666"
    )
    assert organization.root_tags == (("owner", "core"),)


def test_policies_reach_an_account_level_by_level_and_rcp_full_access_is_everywhere() -> None:
    facts = facts_of()
    scps = [[one.name for one in level] for level in scps_of(facts, "444455556666")]
    rcps = [[one.name for one in level] for level in rcps_of(facts, "444455556666")]
    assert scps == [["FullAWSAccess"], ["FullAWSAccess"], ["FullAWSAccess"], ["no-s3"]]
    full = "RCPFullAWSAccess"
    assert rcps == [[full], ["perimeter", full], [full], [full]]
    assert rcps_of(facts, "444455556666")[1][0].text == DENY_ALL


def test_without_a_root_the_management_account_stands_in_one_with_scps() -> None:
    start, end = WORLD.index("    policies:\n"), WORLD.index("    accountCreations")
    (found,) = parse_world(WORLD[:start] + WORLD[end:], "w").organizations
    assert found.organization.policy_types == (OrganizationPolicyType.SERVICE_CONTROL_POLICY,)
    assert found.organization.attached == ("p-FullAWSAccess",)
    assert [one.account for one in found.members] == ["111122223333"]


def test_an_organization_without_all_features_has_no_policies() -> None:
    text = WORLD[: WORLD.index("    policies:\n")] + "    featureSet: CONSOLIDATED_BILLING\n"
    (found,) = parse_world(text, "w").organizations
    assert (found.organization.policy_types, found.organization.attached) == ((), ())
    with_types = text + "    root: {policyTypes: [SERVICE_CONTROL_POLICY]}\n"
    (fault,) = faults_of(with_types)
    assert (fault.code, fault.at.pointer) == (
        "world.unexpected-value",
        f"{ROOT}/policyTypes/0",
    )


def test_ids_that_stand_in_the_file_are_kept() -> None:
    text = (
        WORLD.replace("management: main", "management: main\n    id: o-abcdefghij")
        .replace("    root:\n", "    root:\n      id: r-ab12\n")
        .replace("name: prod", "name: prod\n          id: ou-ab12-00000001")
        .replace("name: no-s3\n", "name: no-s3\n        id: p-00000001\n")
    )
    facts = facts_of(text)
    assert facts.organizational_unit("o-abcdefghij", "ou-ab12-00000001") is not None
    policy = facts.organization_policy("o-abcdefghij", "p-00000001")
    assert policy is not None
    assert policy.name == "no-s3"


def test_ids_that_are_not_known_still_tell_one_thing_from_another() -> None:
    facts = Snapshot(events(parse_world(WORLD, "w", FILES), UnknownIds(), CREATED))
    (id_,) = organization_ids(facts)
    units = facts.organizational_units(id_)
    assert len({unit.unit for unit in units}) == 2
    assert all("?" in unit.unit for unit in units)


def test_a_reason_leads_to_the_document_in_the_world_file_or_in_the_file_that_it_names() -> None:
    loaded = read_documents([("w", WORLD)], files=FILES)
    assert loaded.line_of(Ref("organizations/no-s3", "/Statement/Action")) == ("w", 13)
    assert loaded.line_of(Ref("organizations/perimeter", "/Statement/Action")) == ("rcps/perimeter.json", 1)
    assert files_of(WORLD, "w") == ("rcps/perimeter.json",)


UNITS = "        - name: prod\n"
ROW = tuple[str, str, str, str]
CASES: dict[str, ROW] = {
    "management unknown": ("management: main", "management: mian", "world.unknown-reference", "management"),
    "management empty": ("management: main", 'management: ""', "world.form", "management"),
    "unknown key": ("    root:\n", "    roots: 1\n    root:\n", "world.unknown-key", "roots"),
    "id": ("management: main", "management: main\n    id: x", "world.form", "id"),
    "date": ("management: main", "management: main\n    created: soon", "world.form", "created"),
    "date no text": ("management: main", "management: main\n    created: 5", "world.unquoted", "created"),
    "policy type": (
        "type: RESOURCE_CONTROL_POLICY",
        "type: TAG",
        "world.unexpected-value",
        "policies/1/type",
    ),
    "policy without document": (
        "        file: rcps/perimeter.json\n",
        "",
        "world.missing",
        "policies/1",
    ),
    "policy with both": (
        "        file: rcps/perimeter.json\n",
        f"        file: rcps/perimeter.json\n        document: '{DENY_ALL}'\n",
        "world.missing",
        "policies/1",
    ),
    "file that was not read": (
        "rcps/perimeter.json",
        "x.json",
        "world.unknown-reference",
        "policies/1/file",
    ),
    "policy name twice": (
        "      - name: perimeter\n",
        f"      - {{name: no-s3, type: {SCP}, document: '{DENY}'}}\n      - name: perimeter\n",
        "world.duplicate-name",
        "policies/1/name",
    ),
    "AWS's name": ("name: no-s3\n", "name: FullAWSAccess\n", "world.duplicate-name", "policies/0/name"),
    "policy grammar": (
        "Effect: Deny, Action:",
        "Effect: deny, Action:",
        "iam.policy.effect",
        "policies/0/document/Statement/Effect",
    ),
    "policy no object": (
        'document: {Version: "2012-10-17", Statement: {Effect: Deny, Action: "s3:*", Resource: "*"}}',
        "document: []",
        "world.not-an-object",
        "policies/0/document",
    ),
    "policy too long": (
        '"s3:*", Resource',
        f'"s3:{"A" * 10_200}", Resource',
        "iam.policy.too-large",
        "policies/0/document",
    ),
    "type not enabled": (
        "[SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY]",
        "[SERVICE_CONTROL_POLICY]",
        "world.unexpected-value",
        "root/units/0/policies/1",
    ),
    "type unknown": (
        "[SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY]",
        "[SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY, X]",
        "world.unexpected-value",
        "root/policyTypes/2",
    ),
    "attached unknown": (
        "[no-s3]",
        "[no-s4]",
        "world.unknown-reference",
        "root/units/0/units/0/accounts/0/policies/0",
    ),
    "attached null": (
        "[no-s3]",
        "[no-s3, null]",
        "world.not-text",
        "root/units/0/units/0/accounts/0/policies/1",
    ),
    "attached twice": (
        "[no-s3]",
        "[no-s3, no-s3]",
        "world.duplicate-name",
        "root/units/0/units/0/accounts/0/policies/1",
    ),
    "no SCP": ("[no-s3]", "[]", "world.missing", "root/units/0/units/0/accounts/0/policies"),
    "name of two policies": (
        "      - name: perimeter\n",
        "      - name: no-s3\n",
        "world.unknown-reference",
        "root/units/0/units/0/accounts/0/policies/0",
    ),
    "account unknown": (
        "account: shop",
        "account: shpo",
        "world.unknown-reference",
        "root/units/0/units/0/accounts/0/account",
    ),
    "account placed twice": (
        UNITS,
        f"        - {{name: dev, accounts: [{{account: shop}}]}}\n{UNITS}",
        "world.duplicate-name",
        "",
    ),
    "address twice": ("shop@example.org", "Root+111122223333@example.com", "world.duplicate-name", ""),
    "address": ("shop@example.org", "shop", "world.form", "root/units/0/units/0/accounts/0/email"),
    "unit name twice": (
        UNITS,
        f"        - {{name: prod}}\n{UNITS}",
        "world.duplicate-name",
        "root/units/1/name",
    ),
    "unit id": (UNITS, "        - {name: x, id: ou-1}\n" + UNITS, "world.form", "root/units/0/id"),
    "unit id twice": (
        UNITS,
        "        - {name: x, id: ou-ab12-00000001}\n        - {name: y, id: ou-ab12-00000001}\n" + UNITS,
        "world.duplicate-name",
        "root/units/1/id",
    ),
    "units too deep": (
        UNITS,
        "        - name: a\n          units: [{name: b, units: [{name: c, units: [{name: d, units: "
        "[{name: e, units: [{name: f}]}]}]}]}]\n" + UNITS,
        "world.too-long",
        "root/units/0/units/0/units/0/units/0/units/0/units/0",
    ),
    "creation id": ("car-0123456789", "car", "world.form", "accountCreations/0/id"),
    "creation account": (
        'account: "444455556666"}',
        "account: 4}",
        "world.unquoted",
        "accountCreations/0/account",
    ),
}


@pytest.mark.parametrize("row", CASES.values(), ids=CASES.keys())
def test_a_fault_names_its_rule_and_its_place(row: ROW) -> None:
    old, new, code, pointer = row
    assert WORLD.count(old) == 1
    found = faults_of(WORLD.replace(old, new))
    place = f"/organizations/0/{pointer}".rstrip("/")
    assert (code, place) in [(fault.code, fault.at.pointer) for fault in found]
    assert all(fault.line > 0 for fault in found)


@pytest.mark.parametrize(
    ("number", "is_fault"), [(9, False), (10, True)], ids=["ten attached", "eleven attached"]
)
def test_ten_service_control_policies_fit_one_target(number: int, is_fault: bool) -> None:
    names = [f"p{index}" for index in range(number)]
    policies = "".join(
        f"      - {{name: {name}, type: SERVICE_CONTROL_POLICY, document: '{DENY}'}}\n" for name in names
    )
    text = WORLD.replace("      - name: perimeter\n", f"{policies}      - name: perimeter\n").replace(
        "[no-s3]", f"[no-s3, {', '.join(names)}]"
    )
    if not is_fault:
        assert organization_ids(facts_of(text))
        return
    assert [fault.code for fault in faults_of(text)] == ["world.too-long"]


def test_two_organizations_have_two_ids() -> None:
    text = WORLD.replace("management: main", "management: main\n    id: o-abcdefghij")
    more = "  - {management: lone, id: o-abcdefghij}\n"
    (fault,) = faults_of(text + more)
    assert (fault.code, fault.at.pointer) == ("world.duplicate-name", "/organizations/1/id")
    assert len(organization_ids(facts_of(WORLD + "  - {management: lone}\n"))) == 2


def test_more_units_than_an_organization_has_are_refused_once() -> None:
    units = [{"name": f"u{number}"} for number in range(2002)]
    world = {
        "apiVersion": "sekisho.dev/v1alpha1",
        "kind": "World",
        "region": "eu-west-1",
        "accounts": [{"id": "111122223333"}],
        "organizations": [{"management": "111122223333", "root": {"units": units}}],
    }
    (fault,) = faults_of(json.dumps(world))
    assert (fault.code, fault.at.pointer) == ("world.too-long", f"{ROOT}/units/2000")


FILE_CASES = {
    "no JSON": ('{\n "Version": 1,,\n}', "json.syntax", 2),
    "a rule of the grammar": (DENY_ALL.replace("Deny", "deny"), "iam.policy.effect", 1),
    "an RCP that allows": (DENY_ALL.replace("Deny", "Allow"), "iam.policy.effect-not-allowed", 1),
    "AWS's own RCP": (RCP_FULL_ACCESS.text, "iam.policy.effect-not-allowed", 1),
}


@pytest.mark.parametrize("row", FILE_CASES.values(), ids=FILE_CASES.keys())
def test_a_fault_in_a_file_that_is_named_has_its_own_line(row: tuple[str, str, int]) -> None:
    text, code, line = row
    (fault,) = faults_of(WORLD, {"rcps/perimeter.json": text})
    assert (fault.code, fault.at.document, fault.line) == (code, "rcps/perimeter.json", line)


def test_faults_are_bounded() -> None:
    units = "".join(f"        - {{name: x{number}, id: bad{number}}}\n" for number in range(MAX_FAULTS + 2))
    found = faults_of(WORLD.replace(UNITS, units + UNITS))
    assert (len(found), found[-1].problem) == (MAX_FAULTS + 1, "2 more faults are not shown")


def test_files_of_something_else_are_none() -> None:
    texts = [
        "[]",
        "organizations: 1",
        "organizations: [1, {policies: 2}, {policies: [3, {file: 4}, {file: ''}]}]",
    ]
    assert [files_of(text, "w") for text in texts] == [(), (), ()]

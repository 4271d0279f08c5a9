"""Access entries in files: those of a world, and what `aws eks` prints about them."""

import json
from typing import Any

import pytest

from sekisho.decide.chain import authorize, user_of
from sekisho.decide.decision import Outcome
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import PREFIX
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import InputFault, Instant, Ref, SekishoInputError
from sekisho.facts import Kind, Snapshot
from sekisho.facts.described_entries import DescribedEntries, book_of_described, read_access_entries
from sekisho.facts.files import read_documents
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.loaded import Loaded
from sekisho.facts.world.entries import creator_entry
from sekisho.facts.world.events import events
from sekisho.facts.world.file import parse_world
from unit.facts.test_files import ARN, RBAC, described, read
from unit.facts.world.test_world_file import Counting
from unit.facts.worlds import WORLD, changed

A = "111122223333"
ADMIN, OPERATOR = f"arn:aws:iam::{A}:user/eks-admin", f"arn:aws:iam::{A}:user/team/eks-ope"
APP = f"arn:aws:iam::{A}:role/app"
CREATED = Instant.from_epoch(1_790_000_000)
LIST_PODS = RequestAttributes("list", resource="pods", namespace="shop")
ENTRIES = """\
    creator: user/eks-admin
    authenticationMode: API
    accessEntries:
      - principalArn: user/eks-ope
        username: ope
        kubernetesGroups: [operators]
        tags: {team: blue}
        associatedAccessPolicies:
          - policyArn: AmazonEKSViewPolicy
            accessScope: {type: namespace, namespaces: [shop, "team-*"]}
          - policyArn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSSecretReaderPolicy
      - principalArn: arn:aws:iam::111122223333:role/app
        type: EC2_LINUX
"""


def world(entries: str = ENTRIES) -> str:
    return changed("    creator: user/eks-admin\n", entries)


def test_the_entries_of_a_world_are_held_to_its_principals() -> None:
    snapshot = Snapshot(events(parse_world(world(), "world.yaml"), Counting(), CREATED))
    found = {one.entry.principal: one for one in snapshot.access_entries(ARN)}
    assert set(found) == {ADMIN, OPERATOR, APP}
    operator = found[OPERATOR]
    user = snapshot.user(A, "eks-ope")
    assert user is not None
    assert operator.entry == AccessEntry(
        OPERATOR,
        EntryType.STANDARD,
        "ope",
        ("operators",),
        user.user_id,
        (
            AssociatedPolicy(f"{PREFIX}AmazonEKSViewPolicy", ScopeType.NAMESPACE, ("shop", "team-*")),
            AssociatedPolicy(f"{PREFIX}AmazonEKSSecretReaderPolicy"),
        ),
    )
    assert (operator.tags, operator.created) == ((("team", "blue"),), CREATED)
    assert [one.policy for one in operator.dates] == [one.policy for one in operator.entry.policies or ()]
    assert str(operator.arn).startswith(
        f"arn:aws:eks:ap-northeast-1:{A}:access-entry/eks-clu/user/{A}/eks-ope/"
    )
    assert found[APP].entry.username == "system:node:{{EC2PrivateDNSName}}"
    assert found[APP].entry.groups == ("system:nodes",)
    assert found[ADMIN].entry.policies == (AssociatedPolicy(f"{PREFIX}AmazonEKSClusterAdminPolicy"),)


def entries_of(text: str) -> set[str]:
    (cluster,) = parse_world(text, "world.yaml").clusters
    return {one.entry.principal for one in cluster.entries}


def test_the_creator_of_a_world_gets_an_entry_unless_somebody_says_otherwise() -> None:
    plain = "    creator: user/eks-admin\n    authenticationMode: API_AND_CONFIG_MAP\n"
    assert entries_of(world(plain)) == {ADMIN}
    assert entries_of(WORLD) == set(), "in CONFIG_MAP there are no entries"
    off = "    bootstrapClusterCreatorAdminPermissions: false\n"
    assert entries_of(world(plain + off)) == set()
    root = plain.replace("user/eks-admin", "root")
    assert entries_of(world(root)) == set(), "the root user cannot have one"
    own = f"{plain}    accessEntries: [{{principalArn: user/eks-admin, username: me}}]\n"
    (cluster,) = parse_world(world(own), "world.yaml").clusters
    assert [one.entry.username for one in cluster.entries] == ["me"]
    assert creator_entry("") is None


FAULTS = {
    "no principal": (
        "principalArn: user/eks-ope\n        username",
        "username",
        "world.missing",
        "/clusters/0/accessEntries/0",
    ),
    "nobody": ("user/eks-ope\n", "user/eks-opp\n", "world.unknown-reference", "/principalArn"),
    "no text": ("user/eks-ope\n", "7\n", "world.unquoted", "/principalArn"),
    "an unknown key": ("kubernetesGroups", "groups", "world.unknown-key", "/groups"),
    "a type": ("EC2_LINUX", "EC2_BSD", "world.unexpected-value", "/accessEntries/1/type"),
    "a group of the system": ("[operators]", "['system:masters']", "world.form", "/accessEntries/0"),
    "a user name of the system": ("username: ope", "username: 'aws:x'", "world.form", "/accessEntries/0"),
    "nodes that are a user": (
        "arn:aws:iam::111122223333:role/app\n        type",
        "user/eks-admin\n        type",
        "world.form",
        "/accessEntries/1/principalArn",
    ),
    "twice": (
        "arn:aws:iam::111122223333:role/app\n        type: EC2_LINUX",
        "user/eks-ope",
        "world.duplicate-name",
        "/accessEntries/1/principalArn",
    ),
    "no such policy": ("AmazonEKSViewPolicy", "AmazonEKSVewPolicy", "world.unknown-reference", "/policyArn"),
    "no namespaces": (', namespaces: [shop, "team-*"]', "", "world.form", "/associatedAccessPolicies/0"),
    "no scope type": ("{type: namespace, name", "{name", "world.missing", "/accessScope"),
    "a policy twice": (
        "arn:aws:eks::aws:cluster-access-policy/AmazonEKSSecretReaderPolicy",
        "AmazonEKSViewPolicy",
        "world.duplicate-name",
        "/associatedAccessPolicies/1/policyArn",
    ),
    "an id of the principal that is none": (
        "username: ope",
        "principalId: AIDA",
        "world.form",
        "/accessEntries/0/principalId",
    ),
    "an id of the entry that is none": (
        "username: ope",
        "entryId: a/b",
        "world.form",
        "/accessEntries/0/entryId",
    ),
    "a mode without entries": ("API\n", "CONFIG_MAP\n", "world.unexpected-value", "/accessEntries"),
    "a mode without entries and no administrator": (
        "authenticationMode: API\n",
        "bootstrapClusterCreatorAdminPermissions: false\n",
        "world.unexpected-value",
        "/bootstrapClusterCreatorAdminPermissions",
    ),
}


@pytest.mark.parametrize(("old", "new", "code", "pointer"), FAULTS.values(), ids=FAULTS.keys())
def test_a_malformed_entry(old: str, new: str, code: str, pointer: str) -> None:
    assert ENTRIES.count(old) == 1
    with pytest.raises(SekishoInputError) as caught:
        parse_world(world(ENTRIES.replace(old, new)), "world.yaml")
    found = [(str(fault.code), fault.at.pointer) for fault in caught.value.faults]
    assert any(one == code and at.endswith(pointer) for one, at in found), found


GONE = f"arn:aws:iam::{A}:user/gone"
OLD = "AIDAGONEGONEGONEGONE0"


def with_gone(entry: str = "", creator: str = "user/eks-admin", user: str = "") -> str:
    """Return a world in which an identity called gone is deleted, and perhaps there is another ``user``."""
    made = world(f"    creator: {creator}\n    authenticationMode: API\n{entry}")
    return made.replace("    users:\n", f"    deletedPrincipals: [user/gone]\n    users:\n{user}", 1)


def pinned(text: str) -> dict[str, str]:
    snapshot = Snapshot(events(parse_world(text, "world.yaml"), Counting(), CREATED))
    return {one.entry.principal: one.entry.principal_id for one in snapshot.access_entries(ARN)}


def test_an_entry_of_a_principal_that_is_gone_is_held_to_the_id_that_the_file_tells() -> None:
    entry = f"    accessEntries: [{{principalArn: '{GONE}', principalId: {OLD}}}]\n"
    again = "      - {name: gone}\n"
    assert pinned(with_gone(entry))[GONE] == OLD
    assert pinned(with_gone(entry, user=again))[GONE] == OLD, "who has the name today is somebody else"
    bare = f"    accessEntries: [{{principalArn: '{GONE}'}}]\n"
    assert pinned(with_gone(bare, user=again))[GONE].startswith("AIDA"), "today's id, without another one"
    with pytest.raises(SekishoInputError) as caught:
        parse_world(with_gone(bare), "world.yaml")
    (fault,) = caught.value.faults
    assert (str(fault.code), fault.at.pointer) == ("world.missing", "/clusters/0/accessEntries/0")


def test_a_creator_that_is_gone_gets_no_entry() -> None:
    assert pinned(with_gone(creator=f"'{GONE}'")) == {}
    assert set(pinned(with_gone())) == {ADMIN}


def test_the_dates_and_the_id_of_an_entry_are_those_of_the_file() -> None:
    dates = "created: 2025-01-01T00:00:00Z, updated: 2025-02-01T00:00:00Z, entryId: 0-1"
    view = "policyArn: AmazonEKSViewPolicy, associated: 2025-03-01T00:00:00Z, updated: 2025-04-01T00:00:00Z"
    edit = "policyArn: AmazonEKSEditPolicy"
    entry = f"principalArn: role/app, {dates}, associatedAccessPolicies: [{{{view}}}, {{{edit}}}]"
    text = world(
        "    creator: root\n    authenticationMode: API\n"
        f"    accessEntries:\n      - {{{entry}}}\n      - {{principalArn: user/eks-ope}}\n"
    )
    snapshot = Snapshot(events(parse_world(text, "world.yaml"), Counting(), CREATED))
    told, plain = snapshot.access_entry(ARN, APP), snapshot.access_entry(ARN, OPERATOR)
    assert told is not None
    assert plain is not None
    assert str(told.arn).endswith(f"/role/{A}/app/0-1")
    assert (str(told.created), str(told.modified)) == ("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z")
    assert [(str(one.associated), str(one.modified)) for one in told.dates] == [
        ("2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z"),
        ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    ]
    assert (plain.created, plain.modified) == (CREATED, CREATED)


def mapped(loaded: Loaded, who: str) -> tuple[Outcome, str]:
    assert loaded.cluster is not None
    decision = user_of(identity_from_arn(who, loaded.snapshot), loaded.cluster)
    return decision.outcome, str(decision.decisive[0].code)


def may(loaded: Loaded, who: str, request: RequestAttributes = LIST_PODS) -> tuple[Outcome, str]:
    assert loaded.cluster is not None
    user = user_of(identity_from_arn(who, loaded.snapshot), loaded.cluster).value
    assert user is not None
    decision = authorize(user, request, loaded.cluster)
    return decision.outcome, str(decision.decisive[0].code)


def test_a_world_with_entries_answers() -> None:
    loaded = read(world())
    assert may(loaded, OPERATOR) == (Outcome.ALLOW, "eks.access-policy-allows")
    elsewhere = RequestAttributes("list", resource="pods", namespace="x")
    assert may(loaded, OPERATOR, elsewhere)[0] is Outcome.NO_OPINION
    assert may(loaded, ADMIN)[0] is Outcome.ALLOW
    assert mapped(loaded, f"arn:aws:iam::{A}:user/x") == (Outcome.NO_OPINION, "mapping.not-mapped")
    place = Ref(ARN, "/accessEntries").child(OPERATOR, "associatedAccessPolicies", 0)
    file, line = loaded.line_of(place) or ("", 0)
    assert file == "0"
    assert "AmazonEKSViewPolicy" in world().splitlines()[line - 1]


def listing(*principals: str, **members: Any) -> str:
    return json.dumps({"accessEntries": list(principals), **members})


def one_described(principal: str = OPERATOR, **members: Any) -> str:
    entry = {
        "clusterName": "eks-clu",
        "principalArn": principal,
        "kubernetesGroups": ["operators"],
        "accessEntryArn": f"arn:aws:eks:ap-northeast-1:{A}:access-entry/eks-clu/user/{A}/eks-ope/0-1",
        "createdAt": 1700000000.5,
        "modifiedAt": "2026-01-31T09:00:00Z",
        "tags": {"a": "b"},
        "username": "ope",
        "type": "STANDARD",
    }
    return json.dumps({"accessEntry": {**entry, **members}})


def associations(principal: str = OPERATOR, **members: Any) -> str:
    policy = {
        "policyArn": f"{PREFIX}AmazonEKSViewPolicy",
        "accessScope": {"type": "namespace", "namespaces": ["shop"]},
        "associatedAt": 1700000000.5,
        "modifiedAt": 1700000000.5,
    }
    return json.dumps(
        {
            "associatedAccessPolicies": [policy],
            "clusterName": "eks-clu",
            "principalArn": principal,
            **members,
        }
    )


API = described(accessConfig={"authenticationMode": "API"})


def test_all_three_outputs_together_answer() -> None:
    loaded = read(API, listing(OPERATOR), one_described(), associations(), RBAC)
    assert mapped(loaded, OPERATOR) == (Outcome.ALLOW, "mapping.access-entry-matched")
    assert may(loaded, OPERATOR) == (Outcome.ALLOW, "eks.access-policy-allows")
    nodes = RequestAttributes("list", resource="nodes")
    assert may(loaded, OPERATOR, nodes) == (Outcome.ALLOW, "rbac.matched")
    assert mapped(loaded, f"arn:aws:iam::{A}:user/x") == (Outcome.NO_OPINION, "mapping.not-mapped")
    (found,) = loaded.snapshot.access_entries(ARN)
    assert (found.uuid, found.created.rfc3339()) == ("0-1", "2023-11-14T22:13:20Z")
    assert found.tags == (("a", "b"),)
    place = Ref(ARN, "/accessEntries").child(OPERATOR)
    assert loaded.line_of(place.child("username")) == ("2", 1)
    assert loaded.line_of(place.child("associatedAccessPolicies", 0)) == ("3", 1)


def test_an_entry_that_was_only_listed_is_open() -> None:
    loaded = read(API, listing(OPERATOR))
    assert mapped(loaded, OPERATOR) == (Outcome.UNKNOWN, "eks.access-entry-undescribed")
    assert mapped(loaded, ADMIN) == (Outcome.NO_OPINION, "mapping.not-mapped")


@pytest.mark.parametrize("text", ["", listing(OPERATOR, nextToken="more")])
def test_a_listing_that_was_not_read_whole_leaves_others_open(text: str) -> None:
    loaded = read(API, one_described(), *([text] if text else []))
    assert mapped(loaded, OPERATOR)[0] is Outcome.ALLOW
    assert mapped(loaded, ADMIN) == (Outcome.UNKNOWN, "mapping.source-unread")
    gap = loaded.snapshot.gap(Kind.ACCESS_ENTRY, ARN)
    assert gap is not None
    assert "list-access-entries" in gap.reason


def test_pages_of_a_listing_add_up() -> None:
    loaded = read(API, listing(OPERATOR, nextToken="more"), listing(APP), one_described(APP))
    assert mapped(loaded, OPERATOR)[1] == "eks.access-entry-undescribed"
    assert mapped(loaded, APP)[0] is Outcome.ALLOW
    assert mapped(loaded, ADMIN)[0] is Outcome.NO_OPINION


@pytest.mark.parametrize("text", ["", associations(nextToken="more")])
def test_policies_that_were_not_read_leave_refusals_open(text: str) -> None:
    loaded = read(API, listing(OPERATOR), one_described(), RBAC, *([text] if text else []))
    assert may(loaded, OPERATOR) == (Outcome.UNKNOWN, "eks.access-policies-unread")
    assert may(loaded, OPERATOR, RequestAttributes("list", resource="nodes"))[0] is Outcome.ALLOW


def test_a_description_may_lack_what_old_clients_do_not_print() -> None:
    bare = json.loads(one_described())
    for name in ("type", "tags", "createdAt", "modifiedAt", "accessEntryArn", "kubernetesGroups"):
        del bare["accessEntry"][name]
    loaded = read(API, listing(OPERATOR), json.dumps(bare))
    (found,) = loaded.snapshot.access_entries(ARN)
    assert (found.entry.type, found.uuid, found.tags) == (EntryType.STANDARD, "", ())


def test_outputs_find_their_cluster_by_name() -> None:
    other = described(
        name="other",
        arn=ARN.replace("eks-clu", "other"),
        accessConfig={"authenticationMode": "API"},
    )
    named = [("a", API), ("b", other), ("c", one_described())]
    loaded = read_documents(named, cluster="other")
    assert len(loaded.snapshot.access_entries(ARN)) == 1
    listed = read_documents([*named, ("d", listing())], cluster="other")
    assert mapped(listed, ADMIN) == (Outcome.NO_OPINION, "mapping.not-mapped")
    with pytest.raises(SekishoInputError) as caught:
        read_documents([*named, ("d", listing())])
    assert caught.value.faults[0].code == "facts.cluster-ambiguous"


def test_entries_alone_make_their_cluster() -> None:
    loaded = read(one_described(), listing(OPERATOR), mode="API")
    assert loaded.cluster is not None
    assert loaded.cluster.name == "eks-clu"
    assert mapped(loaded, OPERATOR)[0] is Outcome.ALLOW


def test_entries_of_a_cluster_nobody_speaks_of_are_refused() -> None:
    with pytest.raises(SekishoInputError) as caught:
        read(API, one_described(clusterName="eks-klu"))
    fault = caught.value.faults[0]
    assert (fault.code, "did you mean `eks-clu`" in fault.hint) == ("facts.cluster-unknown", True)


def test_entries_beside_a_world_complete_it() -> None:
    loaded = read(world(), one_described(APP, type="STANDARD", username="app"))
    assert mapped(loaded, APP)[0] is Outcome.ALLOW


MALFORMED = {
    "no principal": (one_described(principalArn=7), "/accessEntry/principalArn"),
    "no user name": (one_described(username=None), "/accessEntry/username"),
    "no such type": (one_described(type="EC2_BSD"), "/accessEntry/type"),
    "no policy": (
        associations(associatedAccessPolicies=[{"accessScope": {"type": "cluster"}}]),
        "/associatedAccessPolicies/0/policyArn",
    ),
    "no such scope": (
        associations(associatedAccessPolicies=[{"policyArn": f"{PREFIX}X", "accessScope": {"type": "x"}}]),
        "/associatedAccessPolicies/0/accessScope/type",
    ),
    "nobody's policies": (associations(principalArn=None), "/principalArn"),
    "a listing of numbers": (json.dumps({"accessEntries": [7]}), "/accessEntries/0"),
}


def faults_of(*texts: str) -> tuple[InputFault, ...]:
    with pytest.raises(SekishoInputError) as caught:
        read(*texts)
    return caught.value.faults


@pytest.mark.parametrize(("text", "pointer"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_output(text: str, pointer: str) -> None:
    found = [(fault.code, fault.at.pointer) for fault in faults_of(API, text)]
    assert ("facts.aws-output", pointer) in found


@pytest.mark.parametrize("text", ['{"accessEntries": 7}', '{"accessEntry": []}'])
def test_what_only_looks_like_an_output(text: str) -> None:
    assert [fault.code for fault in faults_of(API, text)] == ["facts.not-understood"]


def test_a_book_of_what_was_described_has_the_policies_that_were_read() -> None:
    found = DescribedEntries(whole=True)
    place = Ref("entries")
    entry: dict[str, Any] = {
        "principalArn": "arn:aws:iam::111122223333:role/ops",
        "username": "ops",
        "type": "STANDARD",
    }
    other = {**entry, "principalArn": "arn:aws:iam::111122223333:role/dev"}
    view: dict[str, Any] = {
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "accessScope": {"type": "cluster"},
    }
    for document in (
        {"accessEntries": [entry["principalArn"], "arn:aws:iam::111122223333:role/listed"]},
        {"accessEntry": entry},
        {"accessEntry": other},
        {"principalArn": entry["principalArn"], "associatedAccessPolicies": [view]},
    ):
        read_access_entries(document, place, found)
    book = book_of_described(found, Ref("book"))
    policies = {one.entry.principal: one.entry.policies for one in book.placed}
    assert policies[entry["principalArn"]] == (AssociatedPolicy(view["policyArn"]),)
    assert policies[other["principalArn"]] is None
    assert book.undescribed == ("arn:aws:iam::111122223333:role/listed",)
    assert book.unread == ""


def test_a_book_of_half_a_list_is_unread() -> None:
    assert book_of_described(DescribedEntries(), Ref("book")).unread != ""

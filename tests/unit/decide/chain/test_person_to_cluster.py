"""The links between a person and a cluster, in order; what is not known never becomes "no"."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from sekisho.decide.authn.aws_auth import CONFIG_MAP, parse
from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.mapping_code import MappingCode, MappingRepairCode
from sekisho.decide.authn.oidc.code import OidcCode
from sekisho.decide.authn.service_account_code import ServiceAccountCode
from sekisho.decide.authn.service_account_token import Bearer
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.chain import (
    CLUSTER_CHAIN,
    LinkName,
    admitted,
    authorize,
    chain_of,
    seen_by_provider,
    service_account_link,
    user_of,
    without_token,
)
from sekisho.decide.chain.person_to_cluster import Code, refused_signature
from sekisho.decide.decision import Decision, Link, Outcome, Repair, Step
from sekisho.decide.eks import creator as eks
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import PREFIX
from sekisho.decide.eks.entry_book import NO_ENTRIES, EntryBook, book_of
from sekisho.decide.eks.entry_book import Code as EntryCode
from sekisho.decide.eks.entry_repair import EntryRepairCode
from sekisho.decide.node.graph import NodeGraph
from sekisho.decide.proof.credential import Signed
from sekisho.decide.rbac import index as rbac_index
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.objects import GROUP, parse_object
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, KubeUser, Ref

A = "111122223333"
ANA = identity_of(f"arn:aws:iam::{A}:user/ana", "AIDAANA", A, "AKIAANA")
OPS = identity_of(f"arn:aws:sts::{A}:assumed-role/ops/mia", "AROAOPS:mia", A, "ASIAOPS")
CLUSTER = Ref("cluster/one")
CREATOR = f"arn:aws:iam::{A}:role/creator"


def aws_auth(*groups: str, reserved: str = "") -> Backend:
    rows = [{"rolearn": f"arn:aws:iam::{A}:role/ops", "username": "ops", "groups": list(groups)}]
    auth = parse({"mapRoles": json.dumps(rows)}, Rules(Reading.EKS, False))
    return Backend.from_aws_auth(auth, CONFIG_MAP, reserved_prefixes=(reserved,) if reserved else ())


READERS = rbac_index.build(
    [
        parse_object(
            {
                "apiVersion": f"{GROUP}/v1",
                "kind": "ClusterRole",
                "metadata": {"name": "read-pods"},
                "rules": [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}],
            }
        ),
        parse_object(
            {
                "apiVersion": f"{GROUP}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "readers"},
                "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "read-pods"},
                "subjects": [{"kind": "Group", "apiGroup": GROUP, "name": "readers"}],
            }
        ),
    ]
)


@dataclass(frozen=True)
class Facts:
    """A cluster in a line."""

    creator: str | None = CREATOR
    authentication_mode: str = "CONFIG_MAP"
    backends: Sequence[Backend] = (aws_auth("readers"),)
    rbac: Index | None = READERS
    name: str = "one"
    at: Ref = CLUSTER
    entries: EntryBook = NO_ENTRIES
    nodes: NodeGraph | None = None
    version: str = "1.34"


LIST_PODS = RequestAttributes("list", resource="pods")
DELETE_PODS = RequestAttributes("delete", resource="pods")


def test_a_mapped_role_gets_its_groups_and_the_implicit_one() -> None:
    decision = user_of(OPS, Facts())
    assert decision.outcome is Outcome.ALLOW
    assert decision.value is not None
    assert (decision.value.name, decision.value.groups) == ("ops", ("readers", "system:authenticated"))
    assert [step.code for step in decision.decisive] == [MappingCode.ROLE]


def test_the_creator_comes_before_every_mapping() -> None:
    decision = user_of(OPS, Facts(creator=f"arn:aws:iam::{A}:role/ops"))
    assert decision.value is not None
    assert (decision.value.name, decision.value.groups) == (
        "kubernetes-admin",
        ("system:masters", "system:authenticated"),
    )
    assert [step.code for step in decision.trace] == [Code.MODE, eks.Code.CREATOR]


def test_the_trace_begins_with_the_mode_and_the_creators_rule() -> None:
    decision = user_of(OPS, Facts(), explain=True)
    assert [step.code for step in decision.trace[:2]] == [Code.MODE, eks.Code.NOT_CREATOR]
    assert decision.trace[0].at == Ref("cluster/one", "/accessConfig/authenticationMode")
    assert dict(decision.trace[0].facts) == {"cluster": "one", "mode": "CONFIG_MAP"}


UNREAD = {
    "nothing maps the caller": (ANA, (aws_auth("readers"),), Outcome.UNKNOWN),
    "a mapping refuses the caller": (OPS, (aws_auth(reserved="o"),), Outcome.UNKNOWN),
    "a mapping admits the caller anyway": (OPS, (aws_auth("readers"),), Outcome.ALLOW),
}


@pytest.mark.parametrize(("identity", "backends", "outcome"), UNREAD.values(), ids=UNREAD.keys())
def test_where_the_creator_was_not_read(
    identity: StsIdentity, backends: tuple[Backend, ...], outcome: Outcome
) -> None:
    decision = user_of(identity, Facts(creator=None, backends=backends))
    assert decision.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert [step.code for step in decision.decisive] == [eks.Code.UNKNOWN_CREATOR]
        assert decision.value is None


@pytest.mark.parametrize(
    ("backends", "outcome"),
    [((aws_auth("readers"),), Outcome.NO_OPINION), ((), Outcome.NO_OPINION)],
    ids=["not among the mappings", "no source"],
)
def test_nobody_is_nobody(backends: tuple[Backend, ...], outcome: Outcome) -> None:
    decision = user_of(ANA, Facts(backends=backends))
    assert (decision.outcome, decision.value) == (outcome, None)
    assert [step.code for step in decision.decisive] == [MappingCode.NOT_MAPPED]


def test_a_refusal_of_a_mapping_stands_when_the_creator_is_known() -> None:
    decision = user_of(OPS, Facts(backends=(aws_auth(reserved="o"),)))
    assert (decision.outcome, decision.value) == (Outcome.DENY, None)


READER = KubeUser("ops", ("readers",))
ASKED = {
    "a rule allows": (READER, LIST_PODS, READERS, Outcome.ALLOW),
    "no rule allows": (READER, DELETE_PODS, READERS, Outcome.NO_OPINION),
    "rules were not read": (READER, LIST_PODS, None, Outcome.UNKNOWN),
    "rules were not read, and do not count": (
        KubeUser("root", ("system:masters",)),
        DELETE_PODS,
        None,
        Outcome.ALLOW,
    ),
}


@pytest.mark.parametrize(("user", "request_", "index", "outcome"), ASKED.values(), ids=ASKED.keys())
def test_authorization(
    user: KubeUser, request_: RequestAttributes, index: Index | None, outcome: Outcome
) -> None:
    facts = Facts(rbac=index)
    assert authorize(user, request_, facts).outcome is outcome
    assert admitted(user, request_, facts) is (outcome is Outcome.ALLOW)


def test_unread_rules_are_named() -> None:
    decision = authorize(READER, LIST_PODS, Facts(rbac=None))
    assert [(step.code, step.at) for step in decision.decisive] == [(Code.RBAC_UNREAD, Ref("cluster/one"))]


def links(
    facts: Facts, identity: StsIdentity, request: RequestAttributes | None
) -> list[tuple[str, Outcome]]:
    chain = chain_of((), identity, facts, request)
    return [(link.name, link.decision.outcome) for link in chain.links]


def test_a_question_about_a_person_begins_at_the_caller() -> None:
    assert links(Facts(), OPS, LIST_PODS) == [
        (LinkName.CALLER, Outcome.ALLOW),
        (LinkName.MAPPING, Outcome.ALLOW),
        (LinkName.AUTHORIZATION, Outcome.ALLOW),
    ]
    given = chain_of((), OPS, Facts()).links[0].decision
    assert [step.code for step in given.decisive] == [Code.AS_GIVEN]


def test_a_link_after_a_refusal_is_not_asked() -> None:
    assert links(Facts(), ANA, LIST_PODS) == [
        (LinkName.CALLER, Outcome.ALLOW),
        (LinkName.MAPPING, Outcome.NO_OPINION),
    ]


def test_without_a_request_the_chain_ends_with_the_mapping() -> None:
    assert [name for name, _ in links(Facts(), OPS, None)] == [LinkName.CALLER, LinkName.MAPPING]


def test_links_before_stay_and_replace_the_assumption() -> None:
    before = [Link(LinkName.TOKEN, Decision(Outcome.ALLOW)), Link(LinkName.CALLER, Decision(Outcome.ALLOW))]
    chain = chain_of(before, OPS, Facts())
    assert chain.name == CLUSTER_CHAIN
    assert [link.name for link in chain.links] == [LinkName.TOKEN, LinkName.CALLER, LinkName.MAPPING]


NEAR = Step(Code.NO_TOKEN, Ref("token"))
REPAIRS = (Repair(Code.NO_TOKEN), Repair(Code.NOT_BEARER))
BAD_SIGNATURE: Decision[Signed] = Decision(Outcome.DENY, nearest=(NEAR,), repairs=REPAIRS[1:])
ASKED_STS: Decision[StsIdentity] = Decision(Outcome.DENY, repairs=REPAIRS[:1])


@pytest.mark.parametrize(
    ("made_for", "codes"), [(None, [Code.NO_TOKEN]), ("two", [Code.OTHER_CLUSTER, Code.NO_TOKEN])]
)
def test_a_refused_signature_says_for_which_cluster_it_would_be_right(
    made_for: str | None, codes: list[Code]
) -> None:
    decision = refused_signature(BAD_SIGNATURE, ASKED_STS, made_for)
    assert (decision.outcome, decision.repairs) == (Outcome.DENY, REPAIRS)
    assert [step.code for step in decision.nearest] == codes
    assert all(dict(step.facts).get("cluster") == made_for for step in decision.nearest[:-1])


def test_a_refusal_before_ends_the_chain() -> None:
    chain = chain_of([Link(LinkName.TOKEN, Decision(Outcome.DENY))], None, Facts(), LIST_PODS)
    assert (chain.outcome, len(chain.links)) == (Outcome.DENY, 1)


@pytest.mark.parametrize(
    ("header", "code"), [(None, Code.NO_TOKEN), ("Basic YWRtaW46cGFzc3dvcmQ=", Code.NOT_BEARER)]
)
def test_a_request_without_a_token(header: str | None, code: Code) -> None:
    chain = without_token(header)
    (link,) = chain.links
    assert (link.name, link.decision.outcome) == (LinkName.TOKEN, Outcome.NO_OPINION)
    (step,) = link.decision.decisive
    assert (step.code, step.at, step.facts) == (code, Ref("request", "/headers/authorization"), ())


def bound(*groups: str) -> Index:
    """READERS with the groups bound too."""
    subjects: list[Json] = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in groups]
    binding: dict[str, Json] = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "more"},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "read-pods"},
        "subjects": subjects,
    }
    return READERS.with_object(parse_object(binding))


PROPOSALS = {
    "who may make the request": (bound(), LIST_PODS, "readers"),
    "nobody may": (bound(), DELETE_PODS, ""),
    "no request is known": (bound(), None, ""),
    "the system's own groups are no proposal": (bound("system:nodes", "eks:x"), LIST_PODS, "readers"),
    "a few are enough": (bound("a", "b", "c", "d"), LIST_PODS, "a,b,c"),
    "rules not read": (None, LIST_PODS, ""),
}


@pytest.mark.parametrize(("index", "request_", "groups"), PROPOSALS.values(), ids=PROPOSALS.keys())
def test_a_proposed_mapping_names_groups_that_would_help(
    index: Index | None, request_: RequestAttributes | None, groups: str
) -> None:
    chain = chain_of((), ANA, Facts(rbac=index, backends=(aws_auth(),)), request_)
    (repair,) = chain.links[-1].decision.repairs
    assert (repair.code, dict(repair.facts)["groups"]) == (MappingRepairCode.MAP, groups)


def test_groups_of_a_near_mapping_stay() -> None:
    near = identity_of(f"arn:aws:iam::{A}:user/path/ops", "AIDAOPS", A, "AKIAOPS")
    chain = chain_of((), near, Facts(backends=(aws_auth("own"),)), LIST_PODS)
    assert dict(chain.links[-1].decision.repairs[-1].facts)["groups"] == "own"


def service_account(groups: tuple[str, ...], outcome: Outcome = Outcome.ALLOW) -> Decision[Bearer]:
    step = Step(
        ServiceAccountCode.ACCEPTED if outcome is Outcome.ALLOW else ServiceAccountCode.EXPIRED, CLUSTER
    )
    bearer = Bearer(KubeUser("system:serviceaccount:a:b", groups), ()) if outcome is Outcome.ALLOW else None
    return Decision(outcome, (step,), (step,), bearer)


@pytest.mark.parametrize(("groups", "outcome"), [(("readers",), Outcome.ALLOW), ((), Outcome.NO_OPINION)])
def test_a_service_account_is_not_mapped_but_authorized(groups: tuple[str, ...], outcome: Outcome) -> None:
    found = service_account(groups)
    link = service_account_link(found)
    assert found.value is not None
    assert link.decision.value == found.value.user
    chain = chain_of((link,), None, Facts(), LIST_PODS, found.value.user)
    assert [one.name for one in chain.links] == [LinkName.SERVICE_ACCOUNT, LinkName.AUTHORIZATION]
    assert chain.outcome is outcome
    assert chain_of((link,), None, Facts(), None, found.value.user).links == (link,)


def test_a_service_account_token_that_is_refused_ends_the_chain() -> None:
    link = service_account_link(service_account((), Outcome.DENY))
    assert link.decision.value is None
    assert chain_of((link,), None, Facts(), LIST_PODS).links == (link,)


def test_an_id_token_yields_a_user_with_the_group_of_everybody() -> None:
    step = Step(OidcCode.AUTHENTICATED, CLUSTER, (("issuer", "https://id.example"), ("username", "ana")))
    found = Decision(Outcome.ALLOW, (step,), (step,), KubeUser("ana", ("readers",)))
    seen = seen_by_provider(found)
    assert seen.value == KubeUser("ana", ("readers", "system:authenticated"))
    link = Link(LinkName.ID_TOKEN, seen)
    chain = chain_of((link,), None, Facts(), LIST_PODS, seen.value)
    assert [one.name for one in chain.links] == [LinkName.ID_TOKEN, LinkName.AUTHORIZATION]
    assert chain.outcome is Outcome.ALLOW
    assert seen_by_provider(replace(found, outcome=Outcome.DENY, value=None)).value is None


ENTRIES = Ref("cluster/one", "/accessEntries")
ROLE = f"arn:aws:iam::{A}:role/ops"
VIEW = AssociatedPolicy(f"{PREFIX}AmazonEKSViewPolicy", ScopeType.NAMESPACE, ("a",))


def in_api(*entries: AccessEntry, mode: str = "API", rbac: Index | None = READERS) -> Facts:
    book = book_of(ENTRIES, entries)
    backends = (book.backend,) if mode == "API" else (book.backend, aws_auth("readers"))
    return Facts(authentication_mode=mode, backends=backends, rbac=rbac, entries=book)


def entry(*policies: AssociatedPolicy, groups: tuple[str, ...] = (), pinned: str = "") -> AccessEntry:
    return AccessEntry(ROLE, EntryType.STANDARD, "by-entry", groups, pinned, policies)


def decided(facts: Facts, namespace: str = "", verb: str = "list") -> Decision[None]:
    user = user_of(OPS, facts).value
    assert user is not None
    request = RequestAttributes(verb, resource="pods", namespace=namespace)
    answer = authorize(user, request, facts)
    assert admitted(user, request, facts) is answer.allowed
    return answer


def test_an_entry_wins_over_aws_auth_whole() -> None:
    user = user_of(OPS, in_api(entry(groups=("g",)), mode="API_AND_CONFIG_MAP")).value
    assert user is not None
    assert (user.name, user.groups) == ("by-entry", ("g", "system:authenticated"))


def test_aws_auth_counts_for_whom_no_entry_means() -> None:
    for facts in (
        in_api(mode="API_AND_CONFIG_MAP"),
        in_api(entry(VIEW, pinned="AROAOLD"), mode="API_AND_CONFIG_MAP"),
    ):
        user = user_of(OPS, facts, explain=True).value
        assert user is not None
        assert user.name == "ops"
        assert not authorize(
            user, RequestAttributes("list", resource="services", namespace="a"), facts
        ).allowed


def test_a_principal_made_again_is_refused_and_told_why() -> None:
    for explain in (True, False):
        decision = user_of(OPS, in_api(entry(pinned="AROAOLD")), explain=explain)
        assert (decision.outcome, decision.value) == (Outcome.NO_OPINION, None)
        assert [step.code for step in decision.decisive] == [EntryCode.STALE]
        assert [one.code for one in decision.repairs] == [EntryRepairCode.RECREATE]


def test_an_entry_that_was_not_described_leaves_everything_open() -> None:
    book = EntryBook(ENTRIES, undescribed=(ROLE,))
    facts = Facts(authentication_mode="API", backends=(book.backend,), entries=book)
    decision = user_of(OPS, facts)
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.UNKNOWN, EntryCode.UNDESCRIBED)


def test_an_access_entry_is_what_a_cluster_with_entries_would_need() -> None:
    chain = chain_of((), ANA, in_api(), LIST_PODS)
    (repair,) = chain.links[-1].decision.repairs
    assert repair.code is EntryRepairCode.CREATE
    assert dict(repair.facts) == {"arn": f"arn:aws:iam::{A}:user/ana", "groups": "readers"}


AUTHORIZED = {
    "RBAC alone": (entry(groups=("readers",)), "a", Outcome.ALLOW, ["rbac.matched"]),
    "a policy alone": (entry(VIEW), "a", Outcome.ALLOW, ["eks.access-policy-allows"]),
    "both": (
        entry(VIEW, groups=("readers",)),
        "a",
        Outcome.ALLOW,
        ["rbac.matched", "eks.access-policy-allows"],
    ),
    "neither": (entry(VIEW), "b", Outcome.NO_OPINION, ["rbac.no-rule-matches"]),
}


@pytest.mark.parametrize(("one", "namespace", "outcome", "codes"), AUTHORIZED.values(), ids=AUTHORIZED.keys())
def test_rbac_and_access_policies_add_up(
    one: AccessEntry, namespace: str, outcome: Outcome, codes: list[str]
) -> None:
    decision = decided(in_api(one), namespace)
    assert (decision.outcome, [str(step.code) for step in decision.decisive]) == (outcome, codes)


def test_a_refusal_shows_the_nearest_policy_first() -> None:
    decision = decided(in_api(entry(VIEW)), "b")
    assert str(decision.nearest[0].code) == "eks.access-policy-in-other-namespace"
    assert str(decision.repairs[0].code) == "eks.associate-access-policy"
    assert str(decision.repairs[-1].code).startswith("rbac.")


def test_what_one_authorizer_does_not_know_the_other_may_allow() -> None:
    assert decided(in_api(entry(VIEW), rbac=None), "a").allowed
    unread = AccessEntry(ROLE, EntryType.STANDARD, "x", ("readers",), policies=None)
    assert decided(in_api(unread), "a").allowed
    refused = decided(in_api(entry(VIEW), rbac=None), "b")
    assert (refused.outcome, refused.decisive[0].code) == (Outcome.UNKNOWN, Code.RBAC_UNREAD)
    open_ = decided(in_api(unread), "a", verb="delete")
    assert (open_.outcome, str(open_.decisive[0].code)) == (Outcome.UNKNOWN, "eks.access-policies-unread")

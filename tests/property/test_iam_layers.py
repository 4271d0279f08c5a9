"""Laws of how layers combine, and agreement with a naive evaluator written from the documents.

The naive one knows one action and one resource, statements that always match but for a context key and
a principal, and spells the tables out: IAM User Guide, "Policy evaluation logic for requests within a
single account" and "Cross-account policy evaluation logic".
"""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import UNREAD, AttachedPolicy, Layer, Policies, evaluate, explain
from sekisho.decide.iam.code import Code
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import (
    AccountId,
    Anonymous,
    Caller,
    FederatedPrincipal,
    Json,
    Principal,
    PrincipalType,
    ServicePrincipal,
)
from unit.decide.iam.build import ACCOUNT, federated_user, layer, root, session, trust, user

OTHER = "444455556666"
KEYS = ["my:a", "my:b"]
SERVICE, PROVIDER = "eks.amazonaws.com", "accounts.google.com"
CALLERS: list[Caller] = [
    user(),
    session(),
    federated_user(),
    root(),
    ServicePrincipal(SERVICE),
    FederatedPrincipal(PROVIDER),
    Anonymous(),
]
NAMES: list[tuple[str, str]] = [
    ("AWS", "*"),
    ("AWS", ACCOUNT),
    ("AWS", OTHER),
    ("AWS", str(user().arn)),
    ("AWS", user().user_id),
    ("AWS", str(session().entity)),
    ("AWS", str(session().arn)),
    ("AWS", str(federated_user().arn)),
    ("Service", SERVICE),
    ("Federated", PROVIDER),
]


@dataclass(frozen=True)
class Rule:
    """A statement that matches if ``key`` has the value ``yes``, or always if there is none."""

    allow: bool
    key: str | None = None
    listed: tuple[tuple[str, str], ...] = ()
    negated: bool = False

    def statement(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "Effect": "Allow" if self.allow else "Deny",
            "Action": "sts:*",
            "Resource": "*",
        }
        if self.key:
            made["Condition"] = {"StringEquals": {self.key: "yes"}}
        if self.listed:
            names: dict[str, list[str]] = {}
            for kind, name in self.listed:
                names.setdefault(kind, []).append(name)
            made["NotPrincipal" if self.negated else "Principal"] = names
        return made


@dataclass(frozen=True)
class World:
    """Rules of every layer; None is an absent layer."""

    identity: tuple[Rule, ...]
    resource: tuple[Rule, ...] | None
    boundary: tuple[Rule, ...] | None
    session: tuple[Rule, ...] | None
    scps: tuple[tuple[Rule, ...], ...]
    rcps: tuple[tuple[Rule, ...], ...]
    caller: Caller
    action: str
    owner: str
    keys: dict[str, str]


def rules(*, named: bool = False, only_denies: bool = False) -> st.SearchStrategy[tuple[Rule, ...]]:
    made = st.builds(
        Rule,
        st.just(False) if only_denies else st.booleans(),
        st.none() | st.sampled_from(KEYS),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(tuple) if named else st.just(()),
        st.booleans() if named else st.just(False),
    )
    return st.lists(made, max_size=2).map(tuple)


LEVELS = st.lists(rules(), max_size=2).map(tuple)
WORLDS = st.builds(
    World,
    rules(),
    st.none() | rules(named=True),
    st.none() | rules(),
    st.none() | rules(),
    LEVELS,
    st.lists(rules(only_denies=True), max_size=2).map(tuple),
    st.sampled_from(CALLERS),
    st.sampled_from(["sts:GetFederationToken", "sts:AssumeRole"]),
    st.sampled_from([ACCOUNT, OTHER]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["yes", "no"])),
)


def read(which: Layer, made: tuple[Rule, ...], **principal: Json) -> tuple[AttachedPolicy, ...]:
    if not made:
        return ()
    return layer(which, *(rule.statement() | principal for rule in made))


def policies(world: World) -> Policies:
    return Policies(
        read(Layer.IDENTITY, world.identity),
        None if world.resource is None else read(Layer.RESOURCE, world.resource),
        None if world.boundary is None else read(Layer.BOUNDARY, world.boundary),
        None if world.session is None else read(Layer.SESSION, world.session),
        tuple(read(Layer.SCP, level) for level in world.scps),
        tuple(read(Layer.RCP, level, Principal="*") for level in world.rcps),
    )


def request(world: World, unread: frozenset[str] = frozenset()) -> AwsRequest:
    known = {key: value for key, value in world.keys.items() if key not in unread}
    resource = f"arn:aws:iam::{world.owner}:role/app"
    return AwsRequest(
        world.caller, world.action, (resource,), Context.of(known, unread), AccountId(world.owner)
    )


def naive(world: World) -> Outcome:
    """Decide by the letter of the documents."""
    reaches = {naive_reach(rule, world) for rule in world.resource or () if rule.allow and holds(rule, world)}
    own = isinstance(world.caller, Principal)
    denies = [rule for level in world.rcps for rule in level]
    denies += [rule for rule in world.resource or () if naive_reach(rule, world)]
    if own:
        sides = [world.identity, world.boundary or (), world.session or (), *world.scps]
        denies += [rule for side in sides for rule in side]
    if any(not rule.allow and holds(rule, world) for rule in denies):
        return Outcome.DENY
    scps = not own or all(allows(level, world) for level in world.scps)
    return Outcome.ALLOW if scps and naive_grant(reaches - {""}, world) else Outcome.NO_OPINION


def holds(rule: Rule, world: World) -> bool:
    return rule.key is None or world.keys.get(rule.key) == "yes"


def allows(made: tuple[Rule, ...] | None, world: World) -> bool:
    return made is None or any(rule.allow and holds(rule, world) for rule in made)


def naive_grant(reaches: set[str], world: World) -> bool:
    caller = world.caller
    if not isinstance(caller, Principal):
        return bool(reaches)
    identity = allows(world.identity, world) or is_root(caller)
    needs_session = caller.type is PrincipalType.FEDERATED_USER and world.session is None
    limits = allows(world.boundary, world) and allows(world.session, world) and not needs_session
    if world.owner != caller.account:
        return bool(reaches) and identity and limits
    if "self" in reaches:
        return True
    if "entity" in reaches:
        return limits
    trusted = world.action != "sts:AssumeRole" or "account" in reaches
    return trusted and identity and limits


def is_root(caller: Caller) -> bool:
    return isinstance(caller, Principal) and caller.type is PrincipalType.ROOT


def naive_reach(rule: Rule, world: World) -> str:
    """Return `self`, `entity` or `account` if the statement means the caller, else nothing."""
    caller = world.caller
    bounded = isinstance(caller, Principal) and world.boundary is not None
    found = {naive_name(kind, name, caller) for kind, name in rule.listed} - {""}
    everyone = ("AWS", "*") in rule.listed
    if not rule.negated:
        return next((reach for reach in ("self", "entity", "account") if reach in found), "")
    if rule.allow:
        return "" if found else "entity"
    if bounded:
        return "self"
    if not isinstance(caller, Principal):
        needed = {"self"}
    elif caller.type is PrincipalType.ROOT:
        needed = {"account"}
    elif caller.type is PrincipalType.USER:
        needed = {"self", "account"}
    else:
        needed = {"self", "entity", "account"}
    return "" if everyone or needed <= found else "self"


def naive_name(kind: str, name: str, caller: Caller) -> str:
    if (kind, name) == ("AWS", "*"):
        return "self"
    match caller:
        case ServicePrincipal():
            return "self" if (kind, name) == ("Service", caller.name) else ""
        case FederatedPrincipal():
            return "self" if (kind, name) == ("Federated", caller.provider) else ""
        case Principal():
            table = {
                PrincipalType.ROOT: {ACCOUNT: "account"},
                PrincipalType.USER: {ACCOUNT: "account", str(user().arn): "self", user().user_id: "self"},
                PrincipalType.ROLE_SESSION: {
                    ACCOUNT: "account",
                    str(session().entity): "entity",
                    str(session().arn): "self",
                },
                PrincipalType.FEDERATED_USER: {
                    ACCOUNT: "account",
                    str(user().arn): "entity",
                    str(federated_user().arn): "self",
                },
            }
            return table[caller.type].get(name, "") if kind == "AWS" else ""
        case _:
            return ""


def names_an_unread_id(world: World) -> bool:
    """Tell whether the id of the user behind a federated session matters; nobody hands that in."""
    federated = isinstance(world.caller, Principal) and world.caller.type is PrincipalType.FEDERATED_USER
    listed = {name for rule in world.resource or () for _, name in rule.listed}
    return federated and user().user_id in listed


@given(world=WORLDS)
def test_agrees_with_the_naive_evaluator(world: World) -> None:
    found = evaluate(request(world), policies(world)).outcome
    assert found is naive(world) or (names_an_unread_id(world) and found is Outcome.UNKNOWN)


UNREAD_KEYS = st.frozensets(st.sampled_from(KEYS))
HIDDEN = st.frozensets(st.sampled_from(["identity", "resource", "boundary", "session", "scps", "rcps"]))


def hidden(given_: Policies, names: frozenset[str]) -> Policies:
    return replace(given_, **dict.fromkeys(names, UNREAD))  # type: ignore[arg-type]  # every layer may be unread


@given(world=WORLDS, unread=UNREAD_KEYS, names=HIDDEN)
def test_fast_path_and_explanation_agree(world: World, unread: frozenset[str], names: frozenset[str]) -> None:
    asked, layers = request(world, unread), hidden(policies(world), names)
    found = explain(asked, layers)
    assert evaluate(asked, layers).outcome is found.outcome
    assert found.decisive
    assert all(step in found.trace for step in found.decisive if found.outcome is not Outcome.NO_OPINION)
    assert bool(found.repairs) is not found.allowed


@given(world=WORLDS, unread=UNREAD_KEYS, names=HIDDEN)
def test_no_completion_contradicts(world: World, unread: frozenset[str], names: frozenset[str]) -> None:
    before = evaluate(request(world, unread), hidden(policies(world), names)).outcome
    after = evaluate(request(world), policies(world)).outcome
    assert before in {Outcome.UNKNOWN, after}


@given(world=WORLDS, more=rules(), at=st.integers(0, 2))
def test_one_more_scp_level_never_widens(world: World, more: tuple[Rule, ...], at: int) -> None:
    limited = replace(world, scps=(*world.scps[:at], more, *world.scps[at:]))
    if evaluate(request(limited), policies(limited)).allowed:
        assert evaluate(request(world), policies(world)).allowed


@given(world=WORLDS, more=rules(only_denies=True))
def test_one_more_rcp_level_never_widens(world: World, more: tuple[Rule, ...]) -> None:
    limited = replace(world, rcps=(*world.rcps, more))
    if evaluate(request(limited), policies(limited)).allowed:
        assert evaluate(request(world), policies(world)).allowed


@given(world=WORLDS, limit=rules())
def test_a_boundary_never_widens(world: World, limit: tuple[Rule, ...]) -> None:
    limited, free = replace(world, boundary=limit), replace(world, boundary=None)
    if evaluate(request(limited), policies(limited)).allowed:
        assert evaluate(request(free), policies(free)).allowed


@given(world=WORLDS, limit=rules())
def test_a_session_policy_never_widens_a_role_session(world: World, limit: tuple[Rule, ...]) -> None:
    limited = replace(world, caller=session(), session=limit)
    free = replace(limited, session=None)
    if evaluate(request(limited), policies(limited)).allowed:
        assert evaluate(request(free), policies(free)).allowed


LAYERS = st.sampled_from(["identity", "boundary", "session", "scps", "rcps", "resource"])


@given(world=WORLDS, which=LAYERS, unread=UNREAD_KEYS)
def test_an_explicit_deny_absorbs_in_every_layer(world: World, which: str, unread: frozenset[str]) -> None:
    no = Rule(allow=False, listed=(("AWS", "*"),) if which == "resource" else ())
    had = getattr(world, which) or ()
    changed: dict[str, Any] = {which: (*had, (no,)) if which in ("scps", "rcps") else (*had, no)}
    denied = replace(world, **changed)
    outcome = evaluate(request(denied, unread), policies(denied)).outcome
    if isinstance(world.caller, Principal) or which in ("rcps", "resource"):
        assert outcome is Outcome.DENY
    else:
        assert outcome is evaluate(request(world, unread), policies(world)).outcome


@given(world=WORLDS)
def test_who_has_no_account_has_no_policies_of_its_own(world: World) -> None:
    if not isinstance(world.caller, Principal):
        bare = Policies((), policies(world).resource, rcps=policies(world).rcps)
        assert evaluate(request(world), policies(world)).outcome is evaluate(request(world), bare).outcome


@given(
    principal=st.sampled_from([name for kind, name in NAMES if kind == "AWS"]), who=st.sampled_from(CALLERS)
)
def test_a_trust_policy_alone_lets_in_exactly_whom_it_names(principal: str, who: Caller) -> None:
    given_ = Policies(resource=trust({"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": principal}}))
    asked = AwsRequest(who, "sts:AssumeRole", (f"arn:aws:iam::{ACCOUNT}:role/app",))
    found = explain(asked, given_)
    reach = naive_name("AWS", principal, who)
    let_in = (
        reach == "self" or (reach == "entity" and who == session()) or (reach == "account" and is_root(who))
    )
    assert found.allowed is let_in
    assert (
        let_in
        or found.outcome is Outcome.UNKNOWN
        or {step.code for step in found.decisive}
        <= {
            Code.NO_RESOURCE_ALLOW,
            Code.NO_ALLOW,
            Code.NO_SESSION_ALLOW,
        }
    )

"""Laws of how layers combine; test_iam_worlds.py holds them against another evaluator."""

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


LET_IN: dict[str, list[Caller]] = {
    "*": CALLERS,
    ACCOUNT: [root()],
    OTHER: [],
    str(user().arn): [user()],
    user().user_id: [user()],
    str(session().entity): [session()],
    str(session().arn): [session()],
    str(federated_user().arn): [federated_user()],
}
"""Who needs no policy of its own (IAM User Guide, "Policy evaluation logic", same account).

An account is only its root user here, and a user's session has no session policy that allows.
"""


@given(principal=st.sampled_from(sorted(LET_IN)), who=st.sampled_from(CALLERS))
def test_a_trust_policy_alone_lets_in_exactly_whom_it_names(principal: str, who: Caller) -> None:
    given_ = Policies(resource=trust({"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": principal}}))
    asked = AwsRequest(who, "sts:AssumeRole", (f"arn:aws:iam::{ACCOUNT}:role/app",))
    found = explain(asked, given_)
    let_in = who in LET_IN[principal]
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

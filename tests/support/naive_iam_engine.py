"""The worlds of `naive_iam_worlds` in the terms of ``decide/iam``: translation, and nothing else."""

from functools import lru_cache
from typing import Any

from sekisho.decide.decision import Decision
from sekisho.decide.iam import UNREAD, AttachedPolicy, Layer, Policies, PolicyKind, read_policy
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import (
    AccountId,
    Anonymous,
    Arn,
    Caller,
    FederatedPrincipal,
    Principal,
    PrincipalType,
    Ref,
    ServicePrincipal,
    documents,
)
from support.naive_iam import Documents, Who, World
from support.naive_iam_worlds import Question

TYPES = {
    "user": PrincipalType.USER,
    "role": PrincipalType.ROLE_SESSION,
    "federated": PrincipalType.FEDERATED_USER,
    "root": PrincipalType.ROOT,
}
NOUNS = {layer.noun: str(layer) for layer in Layer}
CODES = {
    "iam.no-scp-allows": "scp",
    "iam.no-resource-policy-allows": "resource",
    "iam.no-statement-allows": "identity",
    "iam.no-boundary-allows": "boundary",
    "iam.no-session-policy-allows": "session",
}
MEMBERS = {"scp": "scps", "rcp": "rcps"}
"""Where the name of a layer is not that of its member in a world."""


def caller(who: Who) -> Caller:
    """Return who asks."""
    if who.kind == "service":
        return ServicePrincipal(who.name)
    if who.kind == "idp":
        return FederatedPrincipal(who.name)
    if who.kind == "anonymous":
        return Anonymous()
    arn = Arn.parse(who.name)
    ids = {
        "user": who.entity_id,
        "role": f"{who.entity_id}:{arn.resource.split('/')[-1]}",
        "root": arn.account,
    }
    return Principal(TYPES[who.kind], arn, ids.get(who.kind, f"{arn.account}:guest"), Arn.parse(who.entity))


def request(asked: Question) -> AwsRequest:
    """Return the request, without the keys that are not read."""
    world = asked.world
    known = {key: value for key, value in world.keys.items() if key not in asked.unread_keys}
    context = Context.of(known, asked.unread_keys)
    return AwsRequest(caller(world.who), world.action, world.resources, context, AccountId(world.owner))


def policies(asked: Question) -> Policies:
    """Return the layers, without those that are not read."""
    world = asked.world
    is_trust = world.action.startswith("sts:")
    resource = PolicyKind.TRUST if is_trust and "Resource" not in str(world.resource) else PolicyKind.RESOURCE
    found: dict[str, Any] = {
        "identity": attached(Layer.IDENTITY, PolicyKind.IDENTITY, world.identity),
        "resource": attached(Layer.RESOURCE, resource, world.resource),
        "boundary": attached(Layer.BOUNDARY, PolicyKind.BOUNDARY, world.boundary),
        "session": attached(Layer.SESSION, PolicyKind.SESSION, world.session),
        "scps": tuple(attached(Layer.SCP, PolicyKind.SCP, level) for level in world.scps),
        "rcps": tuple(attached(Layer.RCP, PolicyKind.RCP, level) for level in world.rcps),
    }
    return Policies(**{**found, **dict.fromkeys(asked.unread_layers, UNREAD)})


def attached(layer: Layer, kind: PolicyKind, made: Documents | None) -> tuple[AttachedPolicy, ...] | None:
    """Return a layer of documents; None is a layer that is not there."""
    if made is None:
        return None
    texts = [documents.to_json(one).decode() for one in made]
    return tuple(_attached(layer, kind, f"{layer}-{number}", text) for number, text in enumerate(texts))


@lru_cache(maxsize=4096)
def _attached(layer: Layer, kind: PolicyKind, name: str, text: str) -> AttachedPolicy:
    return AttachedPolicy(name, layer, read_policy(documents.parse_json(text.encode()), Ref(name), kind))


def decisive_layers(found: Decision[None]) -> frozenset[str]:
    """Return the layers that a refusal names as the ones that denied, or that do not allow."""
    facts = [(str(step.code), dict(step.facts)) for step in found.decisive]
    return frozenset(CODES.get(code, told.get("layer", "")) for code, told in facts)


def named_facts(found: Decision[None]) -> frozenset[str]:
    """Return what an UNKNOWN asks to have read: keys, and layers by their name in a world."""
    facts: set[str] = set()
    for repair in found.repairs:
        told = dict(repair.facts)
        facts |= set(told["keys"].split(", ")) if "keys" in told else set()
        layer = NOUNS.get(told.get("layer", ""), "")
        facts |= {MEMBERS.get(layer, layer)} if layer else set()
    return frozenset(facts)


def known_world(world: World) -> Question:
    """Return the question in which everything is read."""
    return Question(world, frozenset(), frozenset())

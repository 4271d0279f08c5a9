"""A deliberately naive evaluator of IAM: whole documents in, one verdict out, nothing compiled or unknown.

Source: IAM User Guide, "Policy evaluation logic", its pages for one account and across accounts, and "AWS
JSON policy elements: Principal". A `World` has the shape of tests/vectors/data/iam: plain JSON. It is for
comparison with ``decide/iam``, so nothing of that is imported.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from support.naive_iam_statement import Asked, Keys, applies, as_list

Document = dict[str, Any]
Documents = tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Who:
    """A caller; ``kind`` is user, role, federated, root, service, idp or anonymous.

    ``name`` is the ARN of the caller, the service or the provider; ``entity`` the IAM user or role behind it;
    ``entity_id`` the unique id of that, empty where nobody handed it in.
    """

    kind: str
    name: str = ""
    entity: str = ""
    entity_id: str = ""

    @property
    def account(self) -> str:
        """The account of somebody who is in one, else nothing."""
        return self.name.split(":")[4] if self.kind in ("user", "role", "federated", "root") else ""

    @property
    def is_service_linked(self) -> bool:
        """Whether this is the session of a service-linked role, which no organization policy binds."""
        return ":role/aws-service-role/" in self.entity


@dataclass(frozen=True, slots=True)
class World:
    """One request and all policies that apply to it."""

    who: Who
    action: str
    resources: tuple[str, ...]
    owner: str
    keys: Keys
    identity: Documents = ()
    resource: Documents | None = None
    boundary: Documents | None = None
    session: Documents | None = None
    scps: tuple[Documents, ...] = ()
    rcps: tuple[Documents, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`allow`, `explicit_deny` or `implicit_deny`; and the layers that denied, or whose Allow is missing."""

    outcome: str
    layers: frozenset[str] = frozenset()


def decide(world: World) -> Verdict:
    """Decide for every resource: one that is denied denies all, each needs its own Allow."""
    found = [decide_one(world, Asked(world.action, one, world.keys)) for one in world.resources]
    for outcome in ("explicit_deny", "implicit_deny"):
        which = [one for one in found if one.outcome == outcome]
        if which:
            return Verdict(outcome, frozenset().union(*(one.layers for one in which)))
    return Verdict("allow")


def decide_one(world: World, asked: Asked) -> Verdict:
    """Decide about one resource."""
    if world.action.lower() == "sts:getcalleridentity" and world.who.account:
        return Verdict("allow")
    denying = frozenset(layer for layer, documents in layers(world) if denies(layer, documents, world, asked))
    if denying:
        return Verdict("explicit_deny", denying)
    missing = frozenset(missing_allows(world, asked))
    return Verdict("implicit_deny", missing) if missing else Verdict("allow")


def layers(world: World) -> Iterator[tuple[str, Documents]]:
    """Yield the policies that take part, each with the name of its layer."""
    yield "resource", world.resource or ()
    if not world.who.is_service_linked:
        yield "rcp", tuple(document for level in world.rcps for document in level)
    if world.who.account:
        yield "identity", world.identity
        yield "boundary", world.boundary or ()
        yield "session", world.session or ()
        if not world.who.is_service_linked:
            yield "scp", tuple(document for level in world.scps for document in level)


def statements(documents: Documents, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield the statements whose action, resource and conditions match."""
    for document in documents:
        for one in as_list(document["Statement"]):
            if applies(one, document.get("Version"), asked):
                yield one


def denies(layer: str, documents: Documents, world: World, asked: Asked) -> bool:
    """Tell whether a Deny of the layer hits the caller."""
    return any(
        one["Effect"] == "Deny" and (layer != "resource" or reach(one, world) != "")
        for one in statements(documents, asked)
    )


def allows(documents: Documents | None, asked: Asked) -> bool:
    """Tell whether a limit lets the request through; one that is not there limits nothing."""
    return documents is None or any(one["Effect"] == "Allow" for one in statements(documents, asked))


def missing_allows(world: World, asked: Asked) -> Iterable[str]:
    """Return the layers that would have to allow and do not."""
    who = world.who
    found = statements(world.resource or (), asked)
    reaches = {reach(one, world) for one in found if one["Effect"] == "Allow"} - {""}
    if not who.account:
        return [] if reaches else ["resource"]
    missing = []
    if not who.is_service_linked and not all(allows(level, asked) for level in world.scps):
        missing.append("scp")
    same_account = who.account == world.owner
    if same_account and "self" in reaches:
        return missing
    granted = "entity" in reaches if same_account else bool(reaches)
    if same_account and not granted and is_resource_policy_mandatory(world):
        granted = "account" in reaches
        if not granted:
            missing.append("resource")
    if not same_account and not granted:
        missing.append("resource")
    # Inside one account the missing grant would name the role or user, and so save the identity Allow.
    is_saved = same_account and ("entity" in reaches or "resource" in missing)
    needs_identity = not is_saved and who.kind != "root"
    if needs_identity and not allows(world.identity, asked):
        missing.append("identity")
    if not allows(world.boundary, asked):
        missing.append("boundary")
    # A federated user whom no session policy gives anything has nothing (AWS STS, GetFederationToken).
    session = () if world.session is None and who.kind == "federated" else world.session
    if not allows(session, asked):
        missing.append("session")
    return missing


def is_resource_policy_mandatory(world: World) -> bool:
    """Tell whether identity policies alone never suffice: trust policies of roles, and key policies."""
    service, _, name = world.action.lower().partition(":")
    if service == "sts":
        return name.startswith("assumerole") or name in ("tagsession", "setsourceidentity")
    return service == "kms" and ":key/" in world.resources[0]


def reach(statement: dict[str, Any], world: World) -> str:
    """Return how near the statement names the caller: self, entity, account; nothing if it does not."""
    who = world.who
    if "Principal" in statement:
        found = {names(kind, one, who) for kind, one in principals(statement["Principal"])}
        return next((one for one in ("self", "entity", "account") if one in found), "")
    listed = principals(statement["NotPrincipal"])
    found = {names(kind, one, who) for kind, one in listed} - {""}
    if statement["Effect"] == "Allow":
        # How far such a grant reaches is not documented; it is not read as naming the session.
        return "" if found else "entity"
    if who.account and world.boundary is not None:
        return "self"
    needed = {
        "user": {"self", "account"},
        "role": {"self", "entity", "account"},
        "federated": {"self", "entity", "account"},
        "root": {"account"},
    }.get(who.kind, {"self"})
    return "" if ("AWS", "*") in listed or needed <= found else "self"


def principals(element: Any) -> list[tuple[str, str]]:
    """Return the kinds and names in a Principal element; a bare `*` is everyone."""
    if element == "*":
        return [("AWS", "*")]
    return [(kind, one) for kind, value in element.items() for one in as_list(value)]


def names(kind: str, name: str, who: Who) -> str:
    """Return what one name of a Principal element is to the caller."""
    if (kind, name) == ("AWS", "*"):
        return "self"
    if kind == "Service":
        return "self" if (who.kind, who.name) == ("service", name) else ""
    if kind == "Federated":
        return "self" if (who.kind, who.name) == ("idp", name) else ""
    if kind != "AWS" or not who.account:
        return ""
    if name == who.account or (name.endswith(":root") and name.split(":")[4] == who.account):
        return "account"
    if who.kind == "root":
        return ""
    if name == who.name:
        return "self"
    if name == who.entity or (who.entity_id and name == who.entity_id):
        return "self" if who.kind == "user" else "entity"
    return ""

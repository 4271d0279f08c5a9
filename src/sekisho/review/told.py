"""What the asker adds to the facts: condition keys of the request, and policies that are only drafts.

Drafts stand beside or in the place of what the facts say, so that a policy can be asked about before
it reaches an account.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sekisho.decide.iam import AttachedPolicy, Layer, Policies, PolicyKind, parse_policy
from sekisho.decide.iam.layers import UNREAD, Attached, Levels, Unread
from sekisho.decide.iam.statement import Effect
from sekisho.decide.request.aws_request import Context, ContextValue
from sekisho.decide.values import AccountId, Ref, SekishoInputError
from sekisho.facts.lines import line_of
from sekisho.facts.organization import FULL_ACCESS

NamedText = tuple[str, str]
"""The name of a file and its content."""

_NO_KEYS: Mapping[str, ContextValue] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Told:
    """What is known because the asker said so.

    ``keys`` are condition keys in any spelling, ``absent`` those that the request does not carry.
    ``owner`` is the account that owns the resource, where its ARN does not say so. Policies of
    ``identity``, ``boundary``, ``session`` and ``resource`` are asked instead of those of the facts;
    each of ``scps`` and ``rcps`` is one more level below those of the facts. ``is_nameless``: nobody in
    particular asks, so nothing follows from who it is.
    """

    keys: Mapping[str, ContextValue] = field(default_factory=lambda: _NO_KEYS)
    absent: frozenset[str] = frozenset()
    owner: AccountId | None = None
    identity: Attached | None = None
    boundary: Attached | None = None
    session: Attached | None = None
    resource: Attached | None = None
    scps: Levels = ()
    rcps: Levels = ()
    is_nameless: bool = False

    def over(self, policies: Policies) -> Policies:
        """Return ``policies`` with the drafts in their places."""
        return replace(
            policies,
            identity=policies.identity if self.identity is None else self.identity,
            boundary=policies.boundary if self.boundary is None else self.boundary,
            session=policies.session if self.session is None else self.session,
            resource=policies.resource if self.resource is None else self.resource,
            scps=_below(policies.scps, self.scps),
            rcps=_below(policies.rcps, self.rcps),
        )

    def context(self, known: Mapping[str, ContextValue], unread: Iterable[str]) -> Context:
        """Return the context of a request of which the facts tell ``known``; what was told counts more."""
        told = {key.lower(): value for key, value in self.keys.items()}
        absent = {key.lower() for key in self.absent}
        present = {} if self.is_nameless else {key.lower(): value for key, value in known.items()}
        present = {key: value for key, value in present.items() if key not in absent} | told
        return Context.of(present, {key.lower() for key in unread} - absent)


NOTHING_TOLD = Told()


def read_drafts(
    *,
    identity: Sequence[NamedText] = (),
    boundary: Sequence[NamedText] = (),
    session: Sequence[NamedText] = (),
    resource: Sequence[NamedText] = (),
    scps: Sequence[NamedText] = (),
    rcps: Sequence[NamedText] = (),
) -> Told:
    """Return the drafts that files hold, each one policy document.

    A service control policy that only denies is taken to stand beside FullAWSAccess, as it does
    wherever it was attached without taking that away; one that allows stands alone.

    Raises:
        SekishoInputError: a file is not a policy document of its kind; with its line.
    """
    return Told(
        identity=_read(identity, Layer.IDENTITY, PolicyKind.IDENTITY),
        boundary=_read(boundary, Layer.BOUNDARY, PolicyKind.BOUNDARY),
        session=_read(session, Layer.SESSION, PolicyKind.SESSION),
        resource=_read(resource, Layer.RESOURCE, PolicyKind.RESOURCE),
        scps=tuple(_scp_level(one) for one in scps),
        rcps=tuple((_policy(one, Layer.RCP, PolicyKind.RCP),) for one in rcps),
    )


def _read(texts: Sequence[NamedText], layer: Layer, kind: PolicyKind) -> Attached | None:
    return tuple(_policy(one, layer, kind) for one in texts) or None


def _policy(named: NamedText, layer: Layer, kind: PolicyKind) -> AttachedPolicy:
    name, text = named
    try:
        return AttachedPolicy(name, layer, parse_policy(text, Ref(name), kind))
    except SekishoInputError as error:
        lines = (fault.line or line_of(text, fault.at.pointer) for fault in error.faults)
        raise SekishoInputError(
            replace(fault, line=line) for fault, line in zip(error.faults, lines, strict=True)
        ) from None


def _scp_level(named: NamedText) -> Attached:
    draft = _policy(named, Layer.SCP, PolicyKind.SCP)
    if any(statement.effect is Effect.ALLOW for statement in draft.document.statements):
        return (draft,)
    full = parse_policy(FULL_ACCESS.text, Ref(f"organizations/{FULL_ACCESS.name}"), PolicyKind.SCP)
    return (AttachedPolicy(FULL_ACCESS.name, Layer.SCP, full), draft)


def _below(levels: Levels | Unread, drafts: Levels) -> Levels | Unread:
    return levels if levels is UNREAD or not drafts else (*levels, *drafts)

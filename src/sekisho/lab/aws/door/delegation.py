"""Calls that CloudFormation makes for a caller: past the same checkpoints as calls at the door.

With the caller's own permissions (IAM User Guide, "Forward access sessions"), or with those of the role
that the caller passed. Nothing becomes true before the request that they belong to is answered.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from sekisho.decide import sts
from sekisho.decide.decision import Chain, Decision, Outcome
from sekisho.decide.proof.credential import Signed
from sekisho.decide.request.aws_request import Context as ConditionContext
from sekisho.decide.sts import Session, SignedCaller
from sekisho.decide.values import Principal, Secret, ServicePrincipal
from sekisho.facts import Event, Fact, Put, Snapshot, Tags
from sekisho.facts.sts_facts import SnapshotStsFacts
from sekisho.lab.aws import services
from sekisho.lab.aws.door.gate import Gate
from sekisho.lab.aws.door.keys import door_keys
from sekisho.lab.aws.door.refusal import RefusedError, service_refusal
from sekisho.lab.aws.door.route import Route
from sekisho.lab.aws.operation import AwsError, Context, DelegateError, Parameters
from sekisho.lab.door_code import DoorCode
from sekisho.lab.journal import Asked, Journal
from sekisho.wire.aws import json_in, validate
from sekisho.wire.aws.hosts import locate
from sekisho.wire.aws.message import Call
from sekisho.wire.aws.models import load_service
from sekisho.wire.aws_managed_policies import aws_policy_text
from sekisho.wire.errors import WireError

SERVICE: Final = "cloudformation.amazonaws.com"
SESSION_NAME: Final = "AWSCloudFormation"
MIN_HIDDEN_CHARS: Final = 3
"""A shorter value is in too many words to be taken out of them, and no secret."""

_HEADERS: Final = {"user-agent": SERVICE}
_IAM_HOSTS: Final = {
    "aws": "iam.amazonaws.com",
    "aws-cn": "iam.amazonaws.com.cn",
    "aws-us-gov": "iam.us-gov.amazonaws.com",
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: whoever signed, or a session of the role that was passed, which nobody signed for."""

    caller: Principal
    session: Session | None
    proof: Decision[Signed] | None
    via: tuple[str, ...]


class Delegation:
    """One request's calls to other services (`operation.Delegate`)."""

    def __init__(self, gate: Gate, journal: Journal, context: Context, asker: Asker) -> None:
        self._gate = gate
        self._journal = journal
        self._context = context
        self._asker = asker
        self._facts = context.facts
        self._events: tuple[Event, ...] = ()
        self._secrets: Mapping[str, Secret | None] = {}
        self._hidden: tuple[str, ...] = ()

    @property
    def facts(self) -> Snapshot:
        """The facts after everything that was done."""
        return self._facts

    @property
    def events(self) -> tuple[Event, ...]:
        """What was done."""
        return self._events

    @property
    def secrets(self) -> Mapping[str, Secret | None]:
        """The secrets of what was done."""
        return self._secrets

    def ask(self, service: str, operation: str, parameters: Parameters, tags: Tags = ()) -> Mapping[str, Any]:
        """Return the output of an operation; what it makes has ``tags``, which callers cannot set.

        Raises:
            DelegateError: the caller may not, or the service refuses.
        """
        request_id = self._context.ids.request_id()
        where = self._route(service)
        proof = self._asker.proof
        try:
            output = self._answered(where, operation, parameters, tags)
        except WireError as error:
            refused = AwsError(error.code, self._masked(error.problem), error.status)
            self._note(request_id, where, operation, service_refusal(refused, proof))
        except AwsError as error:
            refused = error
            refused.message = self._masked(error.message)
            self._note(request_id, where, operation, service_refusal(refused, proof))
        except RefusedError as error:
            refused = AwsError(error.fault.code, error.fault.message, error.fault.status)
            self._note(request_id, where, operation, error)
        else:
            self._note(request_id, where, operation)
            return output
        raise DelegateError(refused, service, request_id)

    def hide(self, values: Iterable[str]) -> None:
        """Tell nobody these values from now on: no refusal and no entry of the journal repeats them."""
        self._hidden += tuple(value for value in values if len(value) >= MIN_HIDDEN_CHARS)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo everything that is done within, if an AwsError ends it."""
        kept = self._facts, self._events, self._secrets
        try:
            yield
        except AwsError:
            self._facts, self._events, self._secrets = kept
            raise

    def _masked(self, text: str) -> str:
        for value in self._hidden:
            text = text.replace(value, "****")
        return text

    def _route(self, service: str) -> Route:
        context = self._context
        region = context.region
        if service == "iam":
            endpoint = locate(_IAM_HOSTS[context.partition])
            region = region if endpoint is None else endpoint.region
        return Route(load_service(service), region, context.partition)

    def _answered(
        self, where: Route, operation: str, parameters: Parameters, tags: Tags
    ) -> Mapping[str, Any]:
        asker = self._asker
        model = where.service.operation(operation)
        serve = services.operation(where.service.name, operation)
        assert model is not None and model.input is not None and serve is not None  # noqa: S101, PT018
        members = model.input.shape.members
        # A template's values are of any type: those of the model only reach an operation.
        given = {name: json_in.decode_value(members[name], value, name) for name, value in parameters.items()}
        call = Call(where.service, model, given)
        validate.check(call)
        gate = self._gate.over(self._facts)
        gate.permit(where, call, asker.proof, asker.caller, asker.session, _HEADERS, asker.via)
        context = replace(
            self._context,
            facts=self._facts,
            caller=asker.caller,
            region=where.region,
            session=asker.session,
            headers=_HEADERS,
            delegate=None,
        )
        done = serve(context, call.parameters)
        events = tuple(_tagged(event, self._facts, tags) for event in done.events)
        self._facts = self._facts.applied(events)
        self._events += events
        self._secrets = {**self._secrets, **done.secrets}
        return done.output

    def _note(
        self, request_id: str, where: Route, operation: str, refused: RefusedError | None = None
    ) -> None:
        status, outcome, code, sentence, chain = _told(refused)
        self._journal.note(
            Asked(
                request_id,
                self._context.now,
                "aws",
                where.service.name,
                str(self._asker.caller.arn),
                SERVICE,
                f"{where.service.name} {operation}",
                status,
                outcome,
                code,
                sentence,
                chain,
            )
        )


def asker_of(context: Context, proof: Decision[Signed], role: str) -> Asker:
    """Return who asks for the caller of ``context``: the caller, or CloudFormation's session of a role.

    Raises:
        AwsError: as `service_session`.
    """
    if not role:
        return Asker(context.caller, context.session, proof, (SERVICE,))
    session = service_session(context, role)
    return Asker(session.principal, session, None, ())


def service_session(context: Context, role: str) -> Session:
    """Return CloudFormation's session of a role.

    Raises:
        AwsError: the role does not exist or does not trust CloudFormation, with the reason.
    """
    told = {**door_keys(context.now, _HEADERS), "aws:RequestedRegion": context.region}
    told |= {"aws:SourceAccount": str(context.account)}
    service = SignedCaller(ServicePrincipal(SERVICE), None, ConditionContext.of(told))
    facts = SnapshotStsFacts(context.facts, aws_policy_text)
    found = sts.assume_role(sts.AssumeRole(role, SESSION_NAME), service, facts, context.now)
    if found.value is None:
        error = AwsError("ValidationError", f"Role {role} is invalid or cannot be assumed")
        error.decision = found
        raise error
    return found.value


def _told(refused: RefusedError | None) -> tuple[int, Outcome, str, str, Chain | None]:
    if refused is None:
        return 200, Outcome.ALLOW, DoorCode.SERVED, "served", None
    return refused.fault.status, refused.outcome, refused.code, refused.sentence, refused.chain


def _tagged(event: Event, before: Snapshot, tags: Tags) -> Event:
    """Return the event with ``tags`` on what is new and can have some."""
    if not tags or not isinstance(event, Put) or before.get(event.key) is not None:
        return event
    return Put(event.key, _with_tags(event.value, tags))


def _with_tags(fact: Fact, tags: Tags) -> Fact:
    own = getattr(fact, "tags", None)
    return replace(fact, tags=(*tags, *own)) if isinstance(own, tuple) else fact  # type: ignore[type-var]

"""The checks between the door and the operations: who signed, with what session, and may they.

signature -> who is calling -> action, resources, context -> policies
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sekisho.decide.chain import request_to_aws
from sekisho.decide.decision import Decision, Step
from sekisho.decide.iam.evaluate import evaluate
from sekisho.decide.iam.layers import Policies
from sekisho.decide.proof.credential import Credential, Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.presented import read_presented
from sekisho.decide.proof.scope import Scope
from sekisho.decide.proof.verify import verify
from sekisho.decide.request.aws import map_call
from sekisho.decide.request.aws_call import AwsCall
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.request.aws_request import Context as ConditionContext
from sekisho.decide.sts import (
    Session,
    SignedCaller,
    encode_message,
    message_about,
    organization_keys,
    principal_tags,
    refuse_iam,
    refuse_sts,
    session_keys,
)
from sekisho.decide.values import Instant, Principal
from sekisho.facts.permissions import policies_for
from sekisho.facts.sts_facts import SnapshotStsFacts, organization_facts
from sekisho.lab.aws.credentials import credential_of
from sekisho.lab.aws.door_keys import door_keys
from sekisho.lab.aws.door_refusal import permission_refusal, service_refusal, unreadable
from sekisho.lab.aws.found_arns import found_arns
from sekisho.lab.aws.found_states import found_states
from sekisho.lab.aws.route import Route, is_second_door
from sekisho.lab.aws.sts import refusal
from sekisho.lab.world import Clock, World
from sekisho.wire.aws import validate
from sekisho.wire.aws.message import Call
from sekisho.wire.aws_managed_policies import aws_policy_text
from sekisho.wire.errors import WireError
from sekisho.wire.service_reference import load_service_reference


class Gate:
    """Decides about requests to AWS names, over the live world."""

    def __init__(self, world: World, clock: Clock, door_port: int, message_key: Callable[[], bytes]) -> None:
        self._message_key = message_key
        self._world = world
        self._clock = clock
        self._door_port = door_port

    def client_now(self, request: HttpRequest) -> Instant:
        """Return the moment to hold against the date that the request was signed at."""
        presented = read_presented(request, request.parameters(), s3=False)
        return self._clock.client_now(None if isinstance(presented, Step) else presented.signed_at)

    def verify(self, where: Route, request: HttpRequest, now: Instant) -> Decision[Signed]:
        """Return whose signature the request bears; ``now`` is the client's moment."""
        regions = {where.region}
        if where.service.name == "sts":
            regions.add(
                "us-east-1" if request.header("host")[0].startswith("sts.amazonaws.com") else where.region
            )
        scope = Scope(where.service.signing_name, frozenset(regions))
        partition = None if is_second_door(request, self._door_port) else where.partition

        ahead = now - self._clock.now()

        def known(key_id: str) -> Credential | None:
            found = credential_of(self._world, key_id)
            if found is not None and found.expires is not None:
                # Sessions end by the lab's clock, dates are held against the client's.
                found = replace(found, expires=found.expires + ahead)
            # Partitions share nothing: to GovCloud's STS a key of the commercial one does not exist.
            is_ours = found is not None and partition in (None, found.principal.arn.partition)
            return found if is_ours else None

        return verify(request, known, now, scope)

    def session_of(self, proof: Decision[Signed]) -> Session | None:
        """Return what the signer's credentials stand for, where they are temporary."""
        issued = None if proof.value is None else self._world.facts.session(proof.value.access_key_id)
        return None if issued is None else issued.session

    def permit(
        self,
        where: Route,
        call: Call,
        proof: Decision[Signed],
        caller: Principal,
        session: Session | None,
        headers: Mapping[str, str],
    ) -> None:
        """Return if every permission the call needs is given.

        Raises:
            RefusedError: with the explained chain.
        """
        unheard = _unheard(where.service.name, call.operation.name, SignedCaller(caller, session))
        if unheard is not None:
            raise service_refusal(refusal(unheard), proof)
        aws_call = AwsCall(
            where.service.name,
            call.operation.name,
            call.parameters,  # type: ignore[arg-type]  # names and shapes are read, values never re-typed
            caller,
            caller.account,
            where.region,
            where.partition,
            self._door_context(caller, session, headers),
            caller_tags=self._caller_tags(caller, session),
        )
        facts = self._world.facts
        reference = load_service_reference({where.service.name, "iam"})
        arns = found_arns(facts, caller.account, where.partition, where.region)
        states = found_states(facts, caller.account)
        requests = map_call(aws_call, reference, arns, states)

        def applying(asked: AwsRequest) -> Policies:
            return policies_for(facts, asked, aws_policy_text, session)

        if not isinstance(requests, Decision) and all(
            evaluate(asked, applying(asked)).allowed for asked in requests
        ):
            return
        if isinstance(requests, Decision):
            _hold_to_model(call)
        chain = request_to_aws.decide(proof, requests, applying)

        def encoded(asked: AwsRequest, decision: Decision[None]) -> str:
            return encode_message(message_about(asked, decision), caller.account, self._message_key())

        raise permission_refusal(chain, requests, call, encoded)

    def _door_context(
        self, caller: Principal, session: Session | None, headers: Mapping[str, str]
    ) -> ConditionContext:
        """Return the condition keys that do not follow from the call itself."""
        now = self._clock.now()
        keys = {} if session is None else session_keys(session, now)
        own = organization_keys("Principal", organization_facts(self._world.facts, caller.account))
        return ConditionContext.of({**door_keys(now, headers), **own, **keys})

    def _caller_tags(self, caller: Principal, session: Session | None) -> dict[str, str] | None:
        own = SnapshotStsFacts(self._world.facts, aws_policy_text).tags_of(caller)
        return None if own is None else dict(principal_tags(own, session))


def _hold_to_model(call: Call) -> None:
    """Refuse a call whose permission cannot be told because a parameter is missing, in AWS's words for that.

    AWS looks at the form of a request before it decides (IAM API Reference, "Common Errors").
    """
    try:
        validate.check(call)
    except WireError as error:
        raise unreadable(error) from None


def _unheard(service: str, operation: str, caller: SignedCaller) -> Decision[Session] | None:
    """Return why a service takes no such call from such credentials, whatever policies permit."""
    match service:
        case "iam":
            return refuse_iam(caller)
        case "sts":
            return refuse_sts(caller, operation)
        case _:
            return None

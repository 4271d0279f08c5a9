"""The checks between the door and the operations: who signed, with what session, and may they.

signature -> who is calling -> action, resources, context -> policies
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace

from sekisho.decide.chain import request_to_aws
from sekisho.decide.decision import Decision, Outcome, Step
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
from sekisho.decide.values import AccountId, Anonymous, Instant, Principal
from sekisho.facts import Snapshot
from sekisho.facts.permissions import policies_for
from sekisho.facts.sts_facts import SnapshotStsFacts, organization_facts
from sekisho.lab.aws.door.credentials import credential_of
from sekisho.lab.aws.door.found_arns import found_arns
from sekisho.lab.aws.door.found_states import found_states
from sekisho.lab.aws.door.keys import SERVICE_ADDRESS, door_keys, signature_keys
from sekisho.lab.aws.door.refusal import RefusedError, permission_refusal, service_refusal, unreadable
from sekisho.lab.aws.door.route import Route, is_second_door
from sekisho.lab.aws.moto.encryption import key_requests
from sekisho.lab.aws.moto.resource_policies import ResourcePolicies
from sekisho.lab.aws.moto.store import bucket_region
from sekisho.lab.aws.sts import refusal
from sekisho.lab.world import Clock, World
from sekisho.wire.aws import validate
from sekisho.wire.aws.message import Call
from sekisho.wire.aws_managed_policies import aws_policy_text
from sekisho.wire.errors import WireError
from sekisho.wire.service_reference import load_service_reference


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission that a call needs, and its refusal where it is not given."""

    request: AwsRequest
    refused: RefusedError | None


class Gate:
    """Decides about requests to AWS names, over the live world."""

    def __init__(
        self,
        world: World,
        resources: ResourcePolicies,
        clock: Clock,
        door_port: int,
        message_key: Callable[[], bytes],
    ) -> None:
        self._message_key = message_key
        self._world = world
        self._facts: Callable[[], Snapshot] = lambda: world.facts
        self._resources = resources
        self._clock = clock
        self._door_port = door_port

    def over(self, facts: Snapshot) -> "Gate":
        """Return a gate that decides over other facts than the world's of the moment."""
        found = copy(self)
        found._facts = lambda: facts
        return found

    def client_now(self, where: Route, request: HttpRequest) -> Instant:
        """Return the moment to hold against the date that the request was signed at."""
        is_s3 = where.service.name == "s3"
        presented = read_presented(request, request.parameters(), s3=is_s3)
        return self._clock.client_now(None if isinstance(presented, Step) else presented.signed_at)

    def verify(self, where: Route, request: HttpRequest, now: Instant) -> Decision[Signed]:
        """Return whose signature the request bears; ``now`` is the client's moment."""
        regions = {where.region}
        if where.service.name == "sts":
            regions.add(
                "us-east-1" if request.header("host")[0].startswith("sts.amazonaws.com") else where.region
            )
        if where.service.name == "s3" and where.region not in request.header("host")[0]:
            # The host without a region finds the bucket wherever it is, and takes that region's signature.
            bucket = where.bucket or request.path.removeprefix("/").partition("/")[0]
            regions |= {region} if (region := bucket_region(bucket)) else set()
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
        proof: Decision[Signed] | None,
        caller: Principal | Anonymous,
        session: Session | None,
        headers: Mapping[str, str],
        via: tuple[str, ...] = (),
    ) -> tuple[AwsRequest, ...]:
        """Return every permission that the call needs, all of them given.

        ``proof`` is None for a caller whom a service vouches for, ``headers`` tell of the client
        (`door_keys.CLIENT_HEADERS`), ``via`` are the services that call for the caller.

        Raises:
            RefusedError: with the explained chain.
        """
        permissions = self.permissions(where, call, proof, caller, session, headers, via)
        for permission in permissions:
            if permission.refused is not None:
                raise permission.refused
        return tuple(permission.request for permission in permissions)

    def permissions(
        self,
        where: Route,
        call: Call,
        proof: Decision[Signed] | None,
        caller: Principal | Anonymous,
        session: Session | None,
        headers: Mapping[str, str],
        via: tuple[str, ...] = (),
    ) -> tuple[Permission, ...]:
        """Return every permission that the call needs, given or refused.

        Raises:
            RefusedError: the call maps to no permission, or the service does not listen to the caller.
        """
        unheard = _unheard(where.service.name, call.operation.name, caller, session)
        if unheard is not None:
            raise service_refusal(refusal(unheard), proof)
        facts = self._facts()
        account = AccountId("anonymous") if isinstance(caller, Anonymous) else caller.account
        aws_call = AwsCall(
            where.service.name,
            call.operation.name,
            call.parameters,  # type: ignore[arg-type]  # names and shapes are read, values never re-typed
            caller,
            account,
            where.region,
            where.partition,
            self._door_context(caller, proof, session, headers, is_via=bool(via)),
            caller_tags={} if isinstance(caller, Anonymous) else self._caller_tags(caller, session),
            via=via,
        )
        reference = load_service_reference({where.service.name, "iam"})
        arns = found_arns(facts, account, where.region, where.partition)
        mapped = map_call(aws_call, reference, arns, found_states(facts, account))
        signature = None if isinstance(caller, Anonymous) else proof
        if isinstance(mapped, Decision):
            _hold_to_model(call)
            chain = request_to_aws.decide(signature, mapped, lambda _asked: Policies())
            raise permission_refusal(chain, mapped, call, self._encoded)
        own = self._resources.owned(mapped, call, where.region)
        of_keys = key_requests(own, call, where.region)
        owned = (*own, *self._resources.owned(of_keys, call, where.region))
        return tuple(
            Permission(one, self._refusal(one, call, signature, session, where.region)) for one in owned
        )

    def refuses_to_list(
        self, own: AwsRequest, call: Call, proof: Decision[Signed], session: Session | None, where: Route
    ) -> RefusedError | None:
        """Return the refusal to list the bucket of ``own``'s object; None if the caller may list it."""
        bucket = own.resources[0].partition("/")[0]
        asked = replace(own, action="s3:ListBucket", resources=(bucket,))
        signature = None if isinstance(own.principal, Anonymous) else proof
        return self._refusal(asked, call, signature, session, where.region)

    def keeps_its_key(self, caller: Principal, key: str, policy: str, session: Session | None) -> bool:
        """Tell whether ``caller`` could change the policy of ``key`` again, if it were ``policy``."""
        asked = AwsRequest(caller, "kms:PutKeyPolicy", (key,))
        own = policies_for(self._facts(), asked, aws_policy_text, session)
        layer = self._resources.layer_of(key, "kms", policy)
        return evaluate(asked, replace(own, resource=layer)).outcome is not Outcome.NO_OPINION

    def _refusal(
        self,
        asked: AwsRequest,
        call: Call,
        signature: Decision[Signed] | None,
        session: Session | None,
        region: str,
    ) -> RefusedError | None:
        """Return the explained refusal of one permission, None where it is given."""

        def applying(request: AwsRequest) -> Policies:
            found = policies_for(self._facts(), request, aws_policy_text, session)
            return self._resources.with_own_policy(request, found, region)

        restricted = self._resources.restricted(asked, region)
        if restricted is not None:
            chain = request_to_aws.decided(signature, restricted)
            return permission_refusal(chain, asked, call, self._encoded)
        if evaluate(asked, applying(asked)).allowed:
            return None
        chain = request_to_aws.decide(signature, (asked,), applying)
        return permission_refusal(chain, asked, call, self._encoded)

    def _encoded(self, asked: AwsRequest, decision: Decision[None]) -> str:
        """Seal a refusal for the caller's account; no service that sends such messages hears nobody."""
        assert isinstance(asked.principal, Principal)  # noqa: S101
        message = message_about(asked, decision)
        return encode_message(message, asked.principal.account, self._message_key())

    def _door_context(
        self,
        caller: Principal | Anonymous,
        proof: Decision[Signed] | None,
        session: Session | None,
        headers: Mapping[str, str],
        *,
        is_via: bool,
    ) -> ConditionContext:
        """Return the condition keys that do not follow from the call itself."""
        now = self._clock.now()
        keys = door_keys(now, headers)
        if is_via or proof is None:
            keys["aws:SourceIp"] = SERVICE_ADDRESS
        if isinstance(caller, Principal):
            keys |= organization_keys("Principal", organization_facts(self._facts(), caller.account))
        if proof is not None and proof.value is not None:
            keys |= signature_keys(proof.value, self._clock.client_now(proof.value.signed_at))
        if session is not None:
            keys |= session_keys(session, now)
        return ConditionContext.of(keys)

    def _caller_tags(self, caller: Principal, session: Session | None) -> dict[str, str] | None:
        own = SnapshotStsFacts(self._facts(), aws_policy_text).tags_of(caller)
        return None if own is None else dict(principal_tags(own, session))


def _hold_to_model(call: Call) -> None:
    """Refuse a call whose permission cannot be told because a parameter is missing, in AWS's words for that.

    AWS looks at the form of a request before it decides (IAM API Reference, "Common Errors").
    """
    try:
        validate.check(call)
    except WireError as error:
        raise unreadable(error) from None


def _unheard(
    service: str, operation: str, caller: Principal | Anonymous, session: Session | None
) -> Decision[Session] | None:
    """Return why a service takes no such call from such credentials, whatever policies permit."""
    if isinstance(caller, Anonymous):
        return None
    match service:
        case "iam":
            return refuse_iam(SignedCaller(caller, session))
        case "sts":
            return refuse_sts(SignedCaller(caller, session), operation)
        case _:
            return None

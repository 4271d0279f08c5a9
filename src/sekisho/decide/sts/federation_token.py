"""GetFederationToken: a federated user, limited to what session policies and the calling user allow.

Without a session policy the federated user can do only what a resource's own policy allows it.
Source: STS API Reference, "GetFederationToken".
"""

from typing import Final

from sekisho.decide.decision import Decision, Step
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.sts import packed, parameters, tags
from sekisho.decide.sts.access import DecideAccess, decide_access
from sekisho.decide.sts.assume_role import TAG_SESSION
from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.caller_identity import federated_user
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.context import caller_context, sent, tag_request_keys
from sekisho.decide.sts.facts import StsFacts
from sekisho.decide.sts.parameters import GetFederationToken
from sekisho.decide.sts.refusal import Refusal, because, granted, invalid, refused
from sekisho.decide.sts.session import Session
from sekisho.decide.sts.session_token import person, personal_duration
from sekisho.decide.values import Instant, Principal, Ref

ACTION: Final = "sts:GetFederationToken"

_OPERATION = "GetFederationToken"


def get_federation_token(
    request: GetFederationToken,
    caller: SignedCaller,
    facts: StsFacts,
    now: Instant,
    decide: DecideAccess = decide_access,
) -> Decision[Session]:
    """Return the session of the federated user, or why there is none.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    refusal = _refuse_parameters(request)
    if refusal is not None:
        return refusal
    who = person(_OPERATION, caller)
    if isinstance(who, Decision):
        return who
    federated = federated_user(who, request.name)
    found = _permitted(request, caller, who, federated, facts, now, decide)
    if isinstance(found, Decision):
        return found
    for place, arn in enumerate(request.session.policy_arns):
        if not facts.has_policy(who.account, arn):
            at = Ref("PolicyArns").child(place, "arn")
            return refused(StsCode.POLICY_UNKNOWN, at, ("policy", arn), ("role", str(federated.arn)))
    session = Session(
        federated,
        now,
        now + personal_duration(request.session.duration, who),
        request.session.tags,
        policies=packed.session_policies(request.session),
        provenance=caller.provenance,
        packed_percent=packed.packed_percent(request.session, request.session.tags),
    )
    return granted(session, found)


def _refuse_parameters(request: GetFederationToken) -> Refusal | None:
    found = (
        *parameters.violations({"name": request.name}),
        *parameters.session_violations(request.session, parameters.TOKEN_SECONDS),
    )
    return (
        invalid(_OPERATION, found)
        or tags.refuse_tags(_OPERATION, request.session.tags, (), None)
        or packed.refuse_policies(_OPERATION, request.session)
        or packed.refuse_size(_OPERATION, request.session, request.session.tags)
    )


def _permitted(
    request: GetFederationToken,
    caller: SignedCaller,
    who: Principal,
    federated: Principal,
    facts: StsFacts,
    now: Instant,
    decide: DecideAccess,
) -> Refusal | tuple[Step, ...]:
    duration = request.session.duration
    keys = {
        **tag_request_keys(request.session.tags, ()),
        **sent({"sts:DurationSeconds": None if duration is None else str(int(duration.total_seconds()))}),
    }
    context = caller_context(caller, facts, now).having(keys)
    policies = facts.policies(who, None, who.account)
    allowed: tuple[Step, ...] = ()
    for action in (ACTION, *([TAG_SESSION] if request.session.tags else [])):
        found = decide(AwsRequest(who, action, (str(federated.arn),), context, who.account), policies)
        if not found.allowed:
            named = (("caller", caller.name), ("action", action), ("role", str(federated.arn)))
            return because(Step(StsCode.NOT_AUTHORIZED, Ref(str(who.entity)), named), found)
        allowed += found.decisive
    return allowed

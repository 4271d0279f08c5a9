"""AssumeRole: a session of a role for a caller who signed, or for a service.

The order of refusals is AWS's as far as it shows: the parameters, who may assume at all, trust and
permissions, the duration. An unknown role reads like one that does not trust the caller.
Source: STS API Reference, "AssumeRole".
"""

import re
from typing import Final

from sekisho.decide.decision import Decision, Step
from sekisho.decide.request.aws_request import Context
from sekisho.decide.sts import packed, parameters, tags
from sekisho.decide.sts.access import DecideAccess, decide_access, permit, with_trust
from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.caller_identity import role_session
from sekisho.decide.sts.code import StsCode, StsNear
from sekisho.decide.sts.context import caller_context, role_keys, sent, tag_request_keys
from sekisho.decide.sts.duration import role_duration
from sekisho.decide.sts.facts import RoleFacts, StsFacts
from sekisho.decide.sts.mfa import refuse_mfa
from sekisho.decide.sts.parameters import AssumeRole
from sekisho.decide.sts.refusal import Refusal, because, granted, invalid, refused
from sekisho.decide.sts.session import Session
from sekisho.decide.sts.trust_grant import with_trust_grant
from sekisho.decide.values import AccountId, Arn, Instant, Principal, PrincipalType, Ref

ACTION: Final = "sts:AssumeRole"
TAG_SESSION: Final = "sts:TagSession"
SET_SOURCE_IDENTITY: Final = "sts:SetSourceIdentity"

_OPERATION = "AssumeRole"
_UNREAD_ID = "AROA"
"""Stands for the id of a role that was not read: shorter than any real one."""
_ROLE = re.compile(r"role/(?:[!-~]+/)?([\w+=,.@-]{1,64})", re.ASCII)


def assume_role(
    request: AssumeRole,
    caller: SignedCaller,
    facts: StsFacts,
    now: Instant,
    decide: DecideAccess = decide_access,
) -> Decision[Session]:
    """Return the session that ``caller`` obtains, or why none.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    refusal = (
        _refuse_parameters(request, caller)
        or _refuse_caller(caller)
        or refuse_mfa(_OPERATION, caller, request.serial_number, request.token_code, facts)
    )
    if refusal is not None:
        return refusal
    arn = role_arn(request.role)
    if arn is None:
        return refused(StsCode.ROLE_ARN, Ref(_OPERATION).child("RoleArn"), ("role", request.role))
    role = facts.role(arn)
    if role is None:
        return unknown_role(arn, facts, ("caller", caller.name), ("action", ACTION))
    found = _permitted(request, caller, role, facts, now, decide)
    if isinstance(found, Decision):
        return found
    refusal = refuse_unknown_policies(request.session.policy_arns, role, facts)
    if refusal is not None:
        return refusal
    return _session(request, caller, role, now, found)


def role_arn(text: str) -> Arn | None:
    """Return ``text`` as the ARN of a role; None if it is none."""
    try:
        arn = Arn.parse(text)
    except ValueError:
        return None
    is_role = arn.service == "iam" and not arn.region and _ROLE.fullmatch(arn.resource)
    return arn if is_role and re.fullmatch("[0-9]{12}", arn.account) else None


def role_name(arn: Arn) -> str:
    """Return the name of the role, without its path."""
    return arn.resource.rpartition("/")[2]


def unknown_role(arn: Arn, facts: StsFacts, *facts_of_step: tuple[str, str]) -> Refusal:
    """Return the refusal of a role that does not exist, with the one that differs in its path."""
    other = facts.role_named(arn.account, role_name(arn))
    at = Ref(str(arn))
    near = () if other is None else (Step(StsNear.ROLE, at, (("found", str(other.arn)),)),)
    return refused(StsCode.ROLE_UNKNOWN, at, ("role", str(arn)), *facts_of_step, nearest=near)


def refuse_unknown_policies(arns: tuple[str, ...], role: RoleFacts, facts: StsFacts) -> Refusal | None:
    """Return why a managed session policy cannot be used; None if all can."""
    for place, arn in enumerate(arns):
        if not facts.has_policy(role.arn.account, arn):
            at = Ref("PolicyArns").child(place, "arn")
            return refused(StsCode.POLICY_UNKNOWN, at, ("policy", arn), ("role", str(role.arn)))
    return None


def session_of(role: RoleFacts, session_name: str) -> Principal:
    """Return the principal of a session of ``role``."""
    path, _, name = role.arn.resource.removeprefix("role").rpartition("/")
    if role.role_id == _UNREAD_ID:
        session = Arn(role.arn.partition, "sts", "", role.arn.account, f"assumed-role/{name}/{session_name}")
        return Principal(PrincipalType.ROLE_SESSION, session, f"{_UNREAD_ID}:{session_name}", role.arn)
    return role_session(
        role.arn.account, name, role.role_id, session_name, path=f"{path}/", partition=role.arn.partition
    )


def actions_of(action: str, *, tagged: bool, sourced: bool) -> tuple[str, ...]:
    """Return every permission that the call needs, its own first."""
    also = [TAG_SESSION] if tagged else []
    return (action, *also, *([SET_SOURCE_IDENTITY] if sourced else []))


def _refuse_parameters(request: AssumeRole, caller: SignedCaller) -> Refusal | None:
    code = None if request.token_code is None else request.token_code.reveal()
    found = (
        *parameters.violations(
            {
                "roleArn": request.role,
                "roleSessionName": request.session_name,
                "externalId": request.external_id,
                "sourceIdentity": request.source_identity,
                "serialNumber": request.serial_number,
                "tokenCode": code,
            }
        ),
        *parameters.session_violations(request.session, parameters.ROLE_SECONDS),
        *parameters.transitive_violations(request.transitive_keys),
    )
    passed = request.session.tags
    return (
        invalid(_OPERATION, found)
        or tags.refuse_tags(_OPERATION, passed, request.transitive_keys, caller.session)
        or tags.refuse_source_identity(_OPERATION, request.source_identity, caller.session)
        or packed.refuse_policies(_OPERATION, request.session)
        or packed.refuse_size(_OPERATION, request.session, tags.session_tags(passed, caller.session))
    )


def _refuse_caller(caller: SignedCaller) -> Refusal | None:
    who = caller.who
    if not isinstance(who, Principal):
        return None
    at = Ref(str(who.arn))
    if who.type is PrincipalType.ROOT:
        return refused(StsCode.ROOT, at, ("caller", caller.name))
    if who.type is PrincipalType.FEDERATED_USER:
        return refused(StsCode.FEDERATED_CALLER, at, ("caller", caller.name), ("action", ACTION))
    return None


def _permitted(
    request: AssumeRole,
    caller: SignedCaller,
    role: RoleFacts,
    facts: StsFacts,
    now: Instant,
    decide: DecideAccess,
) -> Refusal | tuple[Step, ...]:
    """Return the statements that allow, or the refusal."""
    earlier = caller.session
    inherited = () if earlier is None else earlier.transitive_tags
    sourced = bool(request.source_identity or (earlier is not None and earlier.source_identity))
    actions = actions_of(ACTION, tagged=bool(request.session.tags or inherited), sourced=sourced)
    policies = facts.policies(caller.who, earlier, AccountId(role.arn.account))
    context = _context(request, caller, role, facts, now)
    action, found = permit(caller.who, actions, role, context, with_trust(policies, role), decide)
    if found.allowed:
        return found.decisive
    found = with_trust_grant(found, role, caller.who, action)
    at = Ref(str(role.arn)).child("trust")
    step_facts = (("caller", caller.name), ("action", action), ("role", str(role.arn)))
    return because(Step(StsCode.NOT_AUTHORIZED, at, step_facts), found)


def _context(
    request: AssumeRole, caller: SignedCaller, role: RoleFacts, facts: StsFacts, now: Instant
) -> Context:
    duration = request.session.duration
    inherited = () if caller.session is None else caller.session.transitive_tags
    of_role, unread = role_keys(role, facts, inherited)
    keys = {
        **of_role,
        **tag_request_keys(request.session.tags, request.transitive_keys),
        **sent(
            {
                "sts:ExternalId": request.external_id,
                "sts:RoleSessionName": request.session_name,
                "sts:SourceIdentity": request.source_identity,
                "sts:DurationSeconds": None if duration is None else str(int(duration.total_seconds())),
            }
        ),
    }
    if request.serial_number is not None:
        keys |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    return caller_context(caller, facts, now).having(keys, unread)


def _session(
    request: AssumeRole, caller: SignedCaller, role: RoleFacts, now: Instant, found: tuple[Step, ...]
) -> Decision[Session]:
    earlier = caller.session
    duration = role_duration(request.session.duration, role, chained=earlier is not None)
    if isinstance(duration, Decision):
        return duration
    passed = tags.session_tags(request.session.tags, earlier)
    session = Session(
        session_of(role, request.session_name),
        now,
        now + duration,
        passed,
        tags.transitive_keys(request.transitive_keys, earlier),
        request.source_identity or ("" if earlier is None else earlier.source_identity),
        packed.session_policies(request.session),
        caller.provenance,
        packed_percent=packed.packed_percent(request.session, passed),
    )
    return granted(session, found)

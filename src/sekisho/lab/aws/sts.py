"""STS operations (AWS STS API Reference). The rules are `sekisho.decide.sts`; here credentials are made.

GetCallerIdentity needs no permission: it says what the signature proved. The operations that give
out sessions decide about themselves, trust policy and permissions together.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from sekisho.decide import sts
from sekisho.decide.decision import Decision
from sekisho.decide.request.aws_request import Context as ConditionContext
from sekisho.decide.sts import Session, SessionParameters, SignedCaller
from sekisho.decide.values import Instant, Secret
from sekisho.facts import Delete, Event, IssuedSession, Key, Kind, Put, Snapshot
from sekisho.facts.sts_facts import SnapshotStsFacts
from sekisho.lab.aws.door.credentials import session_secret, session_secret_name
from sekisho.lab.aws.door.keys import door_keys
from sekisho.lab.aws.mfa_codes import failed_code, is_code, locked_until, used_code
from sekisho.lab.aws.operation import Answer, AwsError, Context, Ids, Operation, Parameters
from sekisho.wire.aws_managed_policies import aws_policy_text

KEPT_AFTER_EXPIRY = timedelta(hours=1)
"""How long expired credentials are remembered: their use is refused as expired, afterwards as unknown."""

DECIDED_HERE = frozenset({"AssumeRole", "GetSessionToken", "GetFederationToken"})
"""Operations whose permission is part of their own decision."""


def get_caller_identity(context: Context, _parameters: Parameters) -> Answer:
    """Return account, ARN and unique id of the caller."""
    identity = sts.caller_identity(context.caller)
    return Answer({"Account": identity.account, "Arn": str(identity.arn), "UserId": identity.user_id})


def assume_role(context: Context, parameters: Parameters) -> Answer:
    """Give out a session of a role."""
    request = sts.AssumeRole(
        parameters["RoleArn"],
        parameters["RoleSessionName"],
        session_parameters(parameters),
        tuple(parameters.get("TransitiveTagKeys") or ()),
        parameters.get("ExternalId"),
        parameters.get("SourceIdentity"),
        parameters.get("SerialNumber"),
        _code(parameters),
    )
    session = _proven(
        sts.assume_role(request, _caller(context), _facts(context), context.now), context, parameters
    )
    output, events, secrets = _issued(context, session, parameters)
    user = {"AssumedRoleId": session.principal.user_id, "Arn": str(session.principal.arn)}
    return Answer({**output, "AssumedRoleUser": user, **extras(session)}, events, secrets)


def get_session_token(context: Context, parameters: Parameters) -> Answer:
    """Give out a session of the calling user."""
    request = sts.GetSessionToken(_duration(parameters), parameters.get("SerialNumber"), _code(parameters))
    session = _proven(
        sts.get_session_token(request, _caller(context), _facts(context), context.now), context, parameters
    )
    output, events, secrets = _issued(context, session, parameters)
    return Answer(output, events, secrets)


def get_federation_token(context: Context, parameters: Parameters) -> Answer:
    """Give out a session for somebody whom the calling user vouches for."""
    request = sts.GetFederationToken(parameters["Name"], session_parameters(parameters))
    session = _granted(sts.get_federation_token(request, _caller(context), _facts(context), context.now))
    output, events, secrets = _issued(context, session, {})
    user = {"FederatedUserId": session.principal.user_id, "Arn": str(session.principal.arn)}
    return Answer({**output, "FederatedUser": user, **extras(session)}, events, secrets)


def get_access_key_info(context: Context, parameters: Parameters) -> Answer:
    """Return the account that an access key id belongs to."""
    found = sts.get_access_key_info(parameters["AccessKeyId"], _facts(context))
    if found.value is None:
        raise refusal(found)
    return Answer({"Account": found.value})


def decode_authorization_message(context: Context, parameters: Parameters) -> Answer:
    """Return what the encoded message of a refusal says; those of other accounts are not readable."""
    assert context.message_key is not None  # noqa: S101 - the door gives it to every operation
    found = sts.decode_message(parameters["EncodedMessage"], context.account, context.message_key())
    if found.value is None:
        raise refusal(found)
    return Answer({"DecodedMessage": found.value})


OPERATIONS: dict[str, Operation] = {
    "AssumeRole": assume_role,
    "DecodeAuthorizationMessage": decode_authorization_message,
    "GetAccessKeyInfo": get_access_key_info,
    "GetCallerIdentity": get_caller_identity,
    "GetFederationToken": get_federation_token,
    "GetSessionToken": get_session_token,
}


def refusal(decision: Decision[Any]) -> AwsError:
    """Return a refusal of STS in its words, with its reason."""
    told = sts.aws_error(decision)
    error = AwsError(told.code, told.message, told.http_status)
    error.decision = decision
    return error


def _facts(context: Context) -> SnapshotStsFacts:
    return SnapshotStsFacts(
        context.facts, aws_policy_text, partial(is_code, context), partial(locked_until, context)
    )


def _caller(context: Context) -> SignedCaller:
    told = {**door_keys(context.now, context.headers), "aws:RequestedRegion": context.region}
    return SignedCaller(context.caller, context.session, ConditionContext.of(told))


def session_parameters(parameters: Parameters) -> SessionParameters:
    """Return what the operations that give out sessions have in common."""
    return SessionParameters(
        _duration(parameters),
        parameters.get("Policy"),
        tuple(str(policy.get("arn", "")) for policy in parameters.get("PolicyArns") or ()),
        tuple((tag["Key"], tag["Value"]) for tag in parameters.get("Tags") or ()),
    )


def _duration(parameters: Parameters) -> timedelta | None:
    seconds = parameters.get("DurationSeconds")
    return None if seconds is None else timedelta(seconds=seconds)


def _code(parameters: Parameters) -> Secret | None:
    code = parameters.get("TokenCode")
    return None if code is None else Secret(code)


def _proven(decision: Decision[Session], context: Context, parameters: Parameters) -> Session:
    """Return the session; a wrong code for the caller's own device is counted."""
    if decision.value is not None:
        return decision.value
    error = refusal(decision)
    if decision.decisive[0].code is sts.StsCode.MFA_REFUSED:
        device = _facts(context).held_device(context.caller, parameters["SerialNumber"])
        error.secrets = {} if device is None else failed_code(context, device)
    raise error


def _granted(decision: Decision[Session]) -> Session:
    if decision.value is None:
        raise refusal(decision)
    return decision.value


Issued = tuple[Mapping[str, Any], tuple[Event, ...], Mapping[str, Secret | None]]
"""Credentials as STS answers them, what becomes true, and the secrets."""


def issue(facts: Snapshot, ids: Ids, now: Instant, session: Session, issuer_id: str = "") -> Issued:
    """Make credentials for a session, and forget those that expired long ago.

    ``issuer_id`` is the unique id of who asked for them, if they were asked for with a signature.
    """
    key_id, secret, token = (
        ids.unique_id("ASIA"),
        ids.secret_key(),
        ids.session_token(),
    )
    output = {
        "Credentials": {
            "AccessKeyId": key_id,
            "SecretAccessKey": secret.reveal(),
            "SessionToken": token.reveal(),
            "Expiration": session.expires,
        }
    }
    gone = [one.key_id for one in facts.sessions() if _is_long_gone(one, now)]
    issued = Put(Key(Kind.SESSION, "", key_id), IssuedSession(key_id, session, issuer_id))
    events: tuple[Event, ...] = (issued, *(Delete(Key(Kind.SESSION, "", old)) for old in gone))
    secrets: dict[str, Secret | None] = {session_secret_name(old): None for old in gone}
    secrets[session_secret_name(key_id)] = session_secret(secret, token)
    return output, events, secrets


def _issued(context: Context, session: Session, parameters: Parameters) -> Issued:
    output, events, secrets = issue(context.facts, context.ids, context.now, session, context.caller.user_id)
    used, forgotten = used_code(context, parameters)
    return output, (*events, *used), {**secrets, **forgotten}


def _is_long_gone(issued: IssuedSession, now: Instant) -> bool:
    return now - issued.session.expires > KEPT_AFTER_EXPIRY


def extras(session: Session) -> Mapping[str, Any]:
    """Return the members of an answer that only some sessions have."""
    found: dict[str, Any] = {}
    if session.packed_percent is not None:
        found["PackedPolicySize"] = session.packed_percent
    if session.source_identity:
        found["SourceIdentity"] = session.source_identity
    return found

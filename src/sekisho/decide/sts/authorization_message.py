"""The encoded message that a refusal may carry, and DecodeAuthorizationMessage that reads it.

The message tells what the policies found, so only those with sts:DecodeAuthorizationMessage may read
it: it is sealed with a key of the issuer's (AES-SIV, RFC 5297, which needs no nonce) and bound to the
account. Source: STS API Reference, "DecodeAuthorizationMessage".
"""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.parameters import message_of, violations
from sekisho.decide.values import AccountId, Json, Principal, Ref, documents

KEY_BYTES = 32

_AT = Ref("DecodeAuthorizationMessage").child("EncodedMessage")


def message_about(request: AwsRequest, decision: Decision[None]) -> bytes:
    """Return what AWS's decoded message says: allowed or not, by whom asked, which action, resource, keys."""
    who = request.principal
    principal: Json = {}
    if isinstance(who, Principal):
        principal = {"id": who.user_id, "arn": str(who.arn)}
    conditions: list[Json] = [
        {"key": key, "values": {"items": [{"value": one} for one in _values(value)]}}
        for key, value in request.context.present.items()
    ]
    matched: list[Json] = []
    if decision.outcome is Outcome.DENY:
        # A statement that denies several resources of one request is named once.
        statements = dict.fromkeys((step.at, dict(step.facts).get("sid", "")) for step in decision.decisive)
        matched = [{"statementId": sid, "effect": "DENY"} for _, sid in statements]
    return documents.to_json(
        {
            "allowed": decision.allowed,
            "explicitDeny": decision.outcome is Outcome.DENY,
            "matchedStatements": {"items": matched},
            "failures": {"items": []},
            "context": {
                "principal": principal,
                "action": request.action,
                "resource": request.resources[0],
                "conditions": {"items": conditions},
            },
        }
    )


def encode_message(message: bytes, account: AccountId, key: bytes) -> str:
    """Return ``message`` sealed for ``account`` with ``key`` (`KEY_BYTES` bytes)."""
    sealed = AESSIV(key).encrypt(message, [account.encode()])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def decode_message(encoded: str, account: AccountId, key: bytes) -> Decision[str]:
    """Return the JSON text that was sealed for ``account``, or the refusal of what was not. Total."""
    found = violations({"encodedMessage": encoded})
    if found:
        return _denied(StsCode.PARAMETER, ("message", message_of(found)))
    try:
        sealed = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        text = AESSIV(key).decrypt(sealed, [account.encode()]).decode()
    except (binascii.Error, ValueError, InvalidTag):
        return _denied(StsCode.MESSAGE)
    step = Step(StsCode.FOUND, _AT, (("found", "the message was made here"),))
    return Decision(Outcome.ALLOW, (step,), (step,), text)


def _values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def _denied(code: StsCode, *facts: tuple[str, str]) -> Decision[str]:
    step = Step(code, _AT, facts)
    return Decision(Outcome.DENY, (step,), (step,))

"""Session policies: what may be handed in, and the room that policies and tags have in a session.

Differs: AWS packs policies and tags in a binary form that it does not describe. Here their deflated
size is held against `PACKED_BYTES`, so that the order of sizes is right and the percentage an estimate.
"""

import zlib
from typing import Final

from sekisho.decide.iam import PolicyKind, parse_policy
from sekisho.decide.iam.grammar import FaultCode
from sekisho.decide.iam.malformed import malformed_text
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.parameters import SessionParameters
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.sts.session import SessionPolicy, Tags
from sekisho.decide.values import Ref, SekishoInputError

PACKED_BYTES: Final = 2048
MAX_PLAIN_CHARS: Final = 2048
"""Session policy and policy ARNs together (STS API Reference, "AssumeRole", Policy)."""


def refuse_policies(operation: str, session: SessionParameters) -> Refusal | None:
    """Return why the session policies cannot be used as they stand; None if they can."""
    at = Ref(operation).child("Policy")
    if session.policy is not None:
        try:
            parse_policy(session.policy, at, PolicyKind.SESSION)
        except SekishoInputError as error:
            return _malformed(error)
    plain = len(session.policy or "") + sum(len(arn) for arn in session.policy_arns)
    if plain > MAX_PLAIN_CHARS:
        return refused(StsCode.PACKED_TOO_LARGE, at, ("percent", str(_percent(plain))), ("what", "policy"))
    return None


def _malformed(error: SekishoInputError) -> Refusal:
    """Return the refusal of a policy: what is no JSON, and JSON that is no policy, are told apart."""
    fault = error.faults[0]
    if fault.code not in set(FaultCode):
        return refused(StsCode.SESSION_POLICY, fault.at, ("problem", fault.problem))
    said = ("text", malformed_text(error))
    return refused(StsCode.SESSION_POLICY_GRAMMAR, fault.at, ("problem", fault.problem), said)


def packed_percent(session: SessionParameters, tags: Tags) -> int | None:
    """Return the share of a session's space that its policies and tags take; None without any."""
    policies = [*session.policy_arns, *([] if session.policy is None else [session.policy])]
    texts = [*policies, *(part for tag in tags for part in tag)]
    return _percent(len(zlib.compress("\0".join(texts).encode(), 9))) if texts else None


def refuse_size(operation: str, session: SessionParameters, tags: Tags) -> Refusal | None:
    """Return the refusal of policies and tags that do not fit; None if they do."""
    percent = packed_percent(session, tags) or 0
    if percent <= 100:
        return None
    what = "tags" if tags else "policy"
    return refused(StsCode.PACKED_TOO_LARGE, Ref(operation), ("percent", str(percent)), ("what", what))


def session_policies(session: SessionParameters) -> tuple[SessionPolicy, ...]:
    """Return the policies that limit the session."""
    inline = () if session.policy is None else (SessionPolicy(text=session.policy),)
    return (*(SessionPolicy(arn=arn) for arn in session.policy_arns), *inline)


def _percent(size: int) -> int:
    return -(-size * 100 // PACKED_BYTES)

"""Session tags and source identity: what may be passed, and what flows down a chain of roles.

Source: IAM User Guide, "Pass session tags in AWS STS" and "Monitor and control actions taken with
assumed roles". Tag keys ignore case.
"""

from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.sts.session import Session, Tags, overlaid
from sekisho.decide.values import Ref

_RESERVED = "aws:"


def refuse_tags(
    operation: str, tags: Tags, transitive: tuple[str, ...], session: Session | None
) -> Refusal | None:
    """Return why ``tags`` cannot be passed with ``session``; None if they can.

    Keys are unique whatever their case; transitive keys are among the tags; what came down the
    chain cannot be set again.
    """
    at = Ref(operation).child("Tags")
    seen: set[str] = set()
    for place, (key, _) in enumerate(tags):
        lowered = key.lower()
        if lowered in seen:
            return refused(StsCode.TAG_REPEATED, at.child(place, "Key"), ("key", key))
        if lowered.startswith(_RESERVED):
            return refused(StsCode.TAG_RESERVED, at.child(place, "Key"), ("key", key))
        seen.add(lowered)
    inherited = () if session is None else session.transitive_tags
    fixed = {key.lower() for key, _ in inherited}
    for place, (key, _) in enumerate(tags):
        if session is not None and key.lower() in fixed:
            caller = str(session.principal.arn)
            return refused(StsCode.TRANSITIVE_FIXED, at.child(place, "Key"), ("key", key), ("caller", caller))
    for place, key in enumerate(transitive):
        if key.lower() not in seen:
            where = Ref(operation).child("TransitiveTagKeys", place)
            return refused(StsCode.TRANSITIVE_UNKNOWN, where, ("key", key))
    return None


def refuse_source_identity(operation: str, wanted: str | None, session: Session | None) -> Refusal | None:
    """Return why the source identity cannot be ``wanted``; None if it can. Once set it never changes."""
    have = "" if session is None else session.source_identity
    if wanted is not None and have and have != wanted:
        at = Ref(operation).child("SourceIdentity")
        return refused(StsCode.SOURCE_IDENTITY_FIXED, at, ("have", have), ("wanted", wanted))
    return None


def session_tags(passed: Tags, session: Session | None) -> Tags:
    """Return the tags of the next session: what is inherited and what is passed."""
    return overlaid(passed, () if session is None else session.transitive_tags)


def transitive_keys(passed: tuple[str, ...], session: Session | None) -> tuple[str, ...]:
    """Return the keys that go on from the next session; what was transitive stays so."""
    inherited = () if session is None else tuple(key for key, _ in session.transitive_tags)
    return tuple({key.lower(): key for key in (*inherited, *passed)}.values())

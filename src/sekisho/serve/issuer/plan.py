"""What has to happen, and when, until one signing key has taken the place of another without an outage."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sekisho.decide.values import Instant, JsonObject
from sekisho.decide.workload.issuer import IssuerKey


def plan(
    keys: Iterable[IssuerKey], now: Instant, max_age: timedelta, longest_token: timedelta
) -> Iterator[JsonObject]:
    """Yield a row per key: its id, what it may be used for, and the time that matters next."""
    for one in keys:
        leaves, signs = one.leaves_at(longest_token), one.signs_from(max_age)
        row: dict[str, str] = {"kid": one.key.key_id, "published": one.published.rfc3339()}
        if leaves is not None:
            use, until = "its last tokens end", leaves
        elif now < signs:
            use, until = "must not sign yet", signs
        else:
            use, until = "may sign", None
        yield {**row, "use": use, "until": until.rfc3339() if until is not None else ""}


def steps(max_age: timedelta, longest_token: timedelta) -> tuple[str, ...]:
    """Return the steps of a rotation, in order."""
    return (
        "make the new key, and publish its public half beside the old one: `--public-key` both",
        "give every kube-apiserver both public halves: `--service-account-key-file` twice",
        f"wait {_spoken(max_age)}: whoever keeps the key document then has the new one",
        "let the API servers sign with the new key: `--service-account-signing-key-file`",
        f"wait {_spoken(longest_token)}, the longest life of a token, until the last old token has ended",
        "take the old key from the API servers, and from `--public-key`",
    )


def _spoken(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes and minutes % 60 == 0 else f"{minutes} min"

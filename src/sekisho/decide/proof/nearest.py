"""Other forms of a refused request that its signature would be right for.

A wrong signature says nothing about what differs. The few mistakes that clients make often
are tried out: another method (boto3 presigns POST unless told otherwise), the path encoded once instead
of twice, another statement about the body, the endpoint's own host name.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sekisho.decide.decision import Step
from sekisho.decide.proof.canonical import EMPTY_SHA256, canonical_path, canonical_request
from sekisho.decide.proof.code import Code
from sekisho.decide.proof.payload import UNSIGNED, sha256_hex
from sekisho.decide.values import Ref

_METHODS = ("GET", "POST", "PUT", "HEAD", "DELETE")


@dataclass(frozen=True, slots=True)
class CanonicalParts:
    """The parts of a canonical request, before they are joined."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    payload_hash: str

    def joined(self) -> str:
        """Return the canonical request."""
        return canonical_request(self.method, self.path, self.query, self.headers, self.payload_hash)


def other_forms(
    parts: CanonicalParts, raw_path: str, body: bytes, hosts: Iterable[str], is_right: Callable[[str], bool]
) -> tuple[Step, ...]:
    """Return a step for each other form whose canonical request ``is_right``; usually none or one."""
    return tuple(
        Step(Code.OTHER_FORM, Ref("request", pointer), (("variant", variant),))
        for pointer, variant, form in _forms(parts, raw_path, body, hosts)
        if form != parts and is_right(form.joined())
    )


def _forms(
    parts: CanonicalParts, raw_path: str, body: bytes, hosts: Iterable[str]
) -> Iterator[tuple[str, str, CanonicalParts]]:
    for method in _METHODS:
        yield "/method", f"for the method {method}", replace(parts, method=method)
    yield "/path", "with the path encoded once", replace(parts, path=canonical_path(raw_path, "s3"))
    yield "/path", "with the path encoded twice", replace(parts, path=canonical_path(raw_path, ""))
    yield "/body", "with the body unsigned", replace(parts, payload_hash=UNSIGNED)
    yield "/body", "for an empty body", replace(parts, payload_hash=EMPTY_SHA256)
    if body:
        yield "/body", "for the body received", replace(parts, payload_hash=sha256_hex(body))
    for host in sorted(hosts):
        headers = tuple((name, host if name == "host" else value) for name, value in parts.headers)
        yield "/headers/host", f"for the host {host}", replace(parts, headers=headers)

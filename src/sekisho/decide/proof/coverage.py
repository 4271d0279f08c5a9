"""What a signature must be made for and must cover, whatever its value.

Source: IAM User Guide, "Create a signed AWS API request" (host and every ``x-amz-*`` header);
Amazon S3 refuses an unsigned ``x-amz-*`` header, other services let it pass.
"""

import re
from collections.abc import Mapping

from sekisho.decide.decision import Step
from sekisho.decide.proof.canonical import TERMINATOR
from sekisho.decide.proof.code import Code
from sekisho.decide.proof.presented import Presented
from sekisho.decide.proof.scope import Scope

_SHOWN_CHARS = 128
_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)


def check_scope(presented: Presented, scope: Scope) -> tuple[Step, ...]:
    """Return a step for each part of the credential's scope that is not this endpoint's."""
    at = presented.place("Credential")
    named = presented.credential
    steps = []
    if named.region not in scope.regions:
        expected = ", ".join(sorted(scope.regions))
        facts = (("region", named.region[:_SHOWN_CHARS]), ("expected", expected))
        steps.append(Step(Code.SCOPE_REGION, at, facts))
    if named.service != scope.service:
        facts = (("service", named.service[:_SHOWN_CHARS]), ("expected", scope.service))
        steps.append(Step(Code.SCOPE_SERVICE, at, facts))
    if named.terminator != TERMINATOR:
        facts = (("terminator", named.terminator[:_SHOWN_CHARS]), ("expected", TERMINATOR))
        steps.append(Step(Code.SCOPE_TERMINATOR, at, facts))
    signed_at = presented.amz_date
    if named.date != signed_at[:8]:
        facts = (("date", named.date[:_SHOWN_CHARS]), ("expected", signed_at[:8]))
        steps.append(Step(Code.SCOPE_DATE, at, (*facts, ("signed_at", signed_at))))
    return tuple(steps)


def check_coverage(presented: Presented, headers: Mapping[str, str], scope: Scope) -> Step | None:
    """Return a step if the list of signed headers is not one, or leaves out what must be in it.

    ``headers`` are the canonical values of the headers received.
    """
    at = presented.place("SignedHeaders")
    names = presented.signed_headers.split(";")
    if names != sorted(set(names)) or not all(_NAME.fullmatch(name) for name in names):
        shown = presented.signed_headers[:_SHOWN_CHARS]
        return Step(Code.SIGNED_HEADERS_FORM, at, (("signed_headers", shown),))
    if "host" not in names:
        return Step(Code.HOST_UNSIGNED, at, (("headers", "host"),))
    for name in names:
        if name not in headers:
            return Step(Code.HEADER_ABSENT, at, (("header", name[:_SHOWN_CHARS]),))
    if scope.hosts and headers["host"].lower() not in scope.hosts:
        return Step(Code.HOST_OTHER, at, (("host", headers["host"][:_SHOWN_CHARS]),))
    if scope.is_s3:
        unsigned = sorted(name for name in headers if name.startswith("x-amz-") and name not in names)
        if unsigned:
            return Step(Code.HEADERS_UNSIGNED, at, (("headers", ", ".join(unsigned)),))
    return None

"""Review kinds and TokenRequest: the rules of kubernetes pkg/apis/authorization and authentication."""

from collections.abc import Callable, Iterator

from sekisho.decide.values import JsonObject
from sekisho.wire.kube import status
from sekisho.wire.kube.causes import bad_value
from sekisho.wire.kube.members import items, mapping, number, text
from sekisho.wire.kube.status import Cause

GROUP = "authorization.k8s.io"
MIN_TOKEN_SECONDS = 10 * 60
MAX_TOKEN_SECONDS = 1 << 32


def validate_token_request(value: JsonObject, name: str = "") -> None:
    """Check a TokenRequest for the service account ``name``.

    Raises:
        KubeError: 422, a lifetime under ten minutes or over 2^32 seconds.
    """
    spec = mapping(value, "spec")
    if "expirationSeconds" not in spec:
        return
    seconds = number(spec, "expirationSeconds")
    if seconds < MIN_TOKEN_SECONDS:
        problem = "may not specify a duration less than 10 minutes"
    elif seconds > MAX_TOKEN_SECONDS:
        problem = "may not specify a duration larger than 2^32 seconds"
    else:
        return
    cause = bad_value("spec.expirationSeconds", seconds, problem)
    raise status.invalid("TokenRequest", "authentication.k8s.io", name, [cause])


def _attributes(value: JsonObject) -> Iterator[Cause]:
    spec = mapping(value, "spec")
    given = [name for name in ("resourceAttributes", "nonResourceAttributes") if name in spec]
    if len(given) == 2:
        yield bad_value(
            "spec.nonResourceAttributes",
            spec["nonResourceAttributes"],
            "cannot be specified in combination with resourceAttributes",
        )
    if not given:
        yield bad_value(
            "spec.resourceAttributes",
            None,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )


def _self(value: JsonObject, _: JsonObject | None) -> Iterator[Cause]:
    yield from _attributes(value)
    yield from _empty_metadata(value, "must be empty")


def _subject(value: JsonObject, _: JsonObject | None) -> Iterator[Cause]:
    yield from _somebody(value)
    yield from _empty_metadata(value, "must be empty")


def _local(value: JsonObject, _: JsonObject | None) -> Iterator[Cause]:
    yield from _somebody(value)
    yield from _empty_metadata(value, "must be empty except for namespace", "namespace")
    spec = mapping(value, "spec")
    asked = text(spec, "resourceAttributes", "namespace")
    if "resourceAttributes" in spec and asked != text(value, "metadata", "namespace"):
        yield bad_value("spec.resourceAttributes.namespace", asked, "must match metadata.namespace")
    if "nonResourceAttributes" in spec:
        yield bad_value(
            "spec.nonResourceAttributes", spec["nonResourceAttributes"], "disallowed on this kind of request"
        )


def _somebody(value: JsonObject) -> Iterator[Cause]:
    yield from _attributes(value)
    spec = mapping(value, "spec")
    if not text(spec, "user") and not items(spec, "groups"):
        yield bad_value("spec.user", "", "at least one of user or group must be specified")


def _empty_metadata(value: JsonObject, problem: str, *allowed: str) -> Iterator[Cause]:
    metadata = mapping(value, "metadata")
    if any(metadata[name] for name in metadata if name not in {*allowed, "managedFields"}):
        yield bad_value("metadata", metadata, problem)


RULES: dict[tuple[str, str], Callable[[JsonObject, JsonObject | None], Iterator[Cause]]] = {
    (GROUP, "SelfSubjectAccessReview"): _self,
    (GROUP, "SubjectAccessReview"): _subject,
    (GROUP, "LocalSubjectAccessReview"): _local,
}

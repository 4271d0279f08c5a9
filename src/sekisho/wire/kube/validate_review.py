"""Review kinds and TokenRequest: the rules of kubernetes pkg/apis/authorization and authentication."""

from collections.abc import Callable, Iterator

from sekisho.decide.values import JsonObject
from sekisho.wire.kube import status
from sekisho.wire.kube.causes import bad_value, required
from sekisho.wire.kube.members import items, mapping, number, objects, text
from sekisho.wire.kube.status import Cause
from sekisho.wire.kube.validate_labels import expression

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
    if len(given) != 1:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        yield bad_value("spec", _url(spec) if given else None, detail)


def _selectors(value: JsonObject) -> Iterator[Cause]:
    attributes = mapping(value, "spec", "resourceAttributes")
    for member in ("fieldSelector", "labelSelector"):
        if member in attributes:
            yield from _selector(mapping(attributes, member), f"spec.resourceAttributes.{member}", member)


def _selector(selector: JsonObject, field: str, member: str) -> Iterator[Cause]:
    """Check a selector of what is asked about: either raw or as requirements."""
    raw, requirements = text(selector, "rawSelector"), objects(selector, "requirements")
    if not raw and not requirements:
        detail = f"when {field} is specified, requirements or rawSelector is required"
        yield required(f"{field}.requirements", detail)
    if raw and requirements:
        detail = "may not specified at the same time as requirements"
        yield bad_value(f"{field}.rawSelector", raw, detail)
        return
    for index, one in enumerate(requirements):
        if member == "labelSelector":
            yield from expression(one, f"{field}.requirements[{index}]", lenient=True)


def _url(spec: JsonObject) -> JsonObject:
    """Return the non-resource attributes as Go prints its struct."""
    asked = mapping(spec, "nonResourceAttributes")
    return {"Path": text(asked, "path"), "Verb": text(asked, "verb")}


def _self(value: JsonObject, _: JsonObject | None) -> Iterator[Cause]:
    yield from _attributes(value)
    yield from _selectors(value)
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
        yield bad_value("spec.nonResourceAttributes", _url(spec), "disallowed on this kind of request")


def _somebody(value: JsonObject) -> Iterator[Cause]:
    yield from _attributes(value)
    spec = mapping(value, "spec")
    if not text(spec, "user") and not items(spec, "groups"):
        yield bad_value("spec.user", "", "at least one of user or group must be specified")
    yield from _selectors(value)


def _empty_metadata(value: JsonObject, problem: str, *allowed: str) -> Iterator[Cause]:
    metadata = mapping(value, "metadata")
    if any(metadata[name] for name in metadata if name not in {*allowed, "managedFields"}):
        yield bad_value("metadata", metadata, problem)


RULES: dict[tuple[str, str], Callable[[JsonObject, JsonObject | None], Iterator[Cause]]] = {
    (GROUP, "SelfSubjectAccessReview"): _self,
    (GROUP, "SubjectAccessReview"): _subject,
    (GROUP, "LocalSubjectAccessReview"): _local,
}

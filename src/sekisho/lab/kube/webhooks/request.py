"""The AdmissionRequest of a write, as webhooks and their conditions see it."""

from sekisho.decide.values import Json, JsonObject
from sekisho.lab.kube.reviews import user_info
from sekisho.lab.kube.webhooks.asked import Write


def request_of(write: Write) -> dict[str, Json]:
    """Return the AdmissionRequest of a write, without the uid of one question and the objects."""
    at, kind = write.at
    of_kind: JsonObject = {"group": at.group, "version": at.version, "kind": kind}
    of_resource: JsonObject = {
        "group": write.resource.group,
        "version": write.resource.version,
        "resource": write.resource.plural,
    }
    request: dict[str, Json] = {
        "kind": of_kind,
        "resource": of_resource,
        "requestKind": of_kind,
        "requestResource": of_resource,
    }
    if write.subresource:
        request |= {"subResource": write.subresource, "requestSubResource": write.subresource}
    request |= {"name": write.name} if write.name else {}
    place = write.name if write.is_of_namespace else write.namespace
    request |= {"namespace": place} if place else {}
    return {
        **request,
        "operation": write.operation,
        "userInfo": user_info(write.user),
        "dryRun": write.is_dry_run,
        "options": write.options or None,
    }


def typed(body: JsonObject | None, write: Write) -> JsonObject | None:
    """Return an object of a write with its version and kind."""
    at, kind = write.at
    return None if body is None else {**body, "apiVersion": at.api_version, "kind": kind}

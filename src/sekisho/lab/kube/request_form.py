"""What a request is by its method, its path and its media type, before anything is read of it."""

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.wire.http import Request
from sekisho.wire.kube.patch import PatchType
from sekisho.wire.kube.registry import Resource


def fits(method: str, attributes: RequestAttributes, resource: Resource) -> bool:
    """Tell whether the path names what the method works on: a collection or one object."""
    if method == "HEAD":
        return False
    if attributes.verb == "create":
        in_place = bool(attributes.namespace) or not resource.namespaced
        return in_place and (not attributes.name or bool(attributes.subresource))
    return attributes.verb not in ("update", "patch") or bool(attributes.name)


def is_apply(request: Request) -> bool:
    """Tell whether a request is a server-side apply."""
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    return content_type == PatchType.APPLY.value

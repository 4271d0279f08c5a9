"""A Kubernetes question in kubectl's words, as the attributes authorizers decide on."""

import difflib

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.wire.kube.registry import REGISTRY, Resource

VERBS = (
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
    "impersonate", "bind", "escalate", "approve", "sign", "attest", "use",
)  # fmt: skip

_QUESTION = Ref("question")


def read_action(verb: str, target: str, namespace: str, *, all_namespaces: bool = False) -> RequestAttributes:
    """Return what is asked: ``get nodes``, ``create pods/exec``, ``get secrets/db``, ``get /healthz``.

    ``target`` is a resource by its plural, singular or short name, with ``.GROUP`` where the lab
    does not know it, followed by ``/SUBRESOURCE`` or ``/NAME``; or a URL path. A namespaced
    resource is asked about in ``namespace`` unless ``all_namespaces``.

    Raises:
        SekishoInputError: the verb or the resource is not known, with the closest spelling.
    """
    if target.startswith("/"):
        return RequestAttributes(verb=verb, path=target)
    if verb not in VERBS:
        raise _unknown("question.unknown-verb", "verb", verb, VERBS)
    head, _, tail = target.partition("/")
    resource = _resource(head)
    group, plural, namespaced = (
        (resource.group, resource.plural, resource.namespaced) if resource else (*_explicit(head), True)
    )
    is_subresource = resource is not None and resource.subresource(tail) is not None
    return RequestAttributes(
        verb=verb,
        group=group,
        version=resource.version if resource else "*",
        resource=plural,
        subresource=tail if is_subresource else "",
        namespace="" if all_namespaces or not namespaced else namespace,
        name="" if is_subresource else tail,
    )


def _resource(name: str) -> Resource | None:
    wanted, _, group = name.lower().partition(".")
    for resource in REGISTRY.resources:
        names = (resource.plural, resource.singular, *resource.short_names)
        if wanted in names and (not group or group == resource.group):
            return resource
    return None


def _explicit(name: str) -> tuple[str, str]:
    plural, dot, group = name.partition(".")
    if not dot:
        known = [resource.plural for resource in REGISTRY.resources]
        hint = "for a resource of another group write RESOURCE.GROUP, such as deployments.apps"
        raise _unknown("question.unknown-resource", "resource", name, known, hint)
    return group, plural


def _unknown(
    code: str, what: str, given: str, known: "list[str] | tuple[str, ...]", hint: str = ""
) -> SekishoInputError:
    close = difflib.get_close_matches(given.lower(), known, 1)
    suggestion = f"did you mean `{close[0]}`?" if close else hint
    return SekishoInputError.single(code, _QUESTION, f"no {what} is named `{given[:100]}`", suggestion)

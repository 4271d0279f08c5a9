"""Status documents carry the words of kube-apiserver: people and programs search for them."""

from typing import Any

import pytest

from sekisho.wire.kube import status
from sekisho.wire.kube.status import Cause, KubeError

RBAC = "rbac.authorization.k8s.io"
CASES: dict[str, tuple[KubeError, int, str, str]] = {
    "no credential": (status.unauthorized(), 401, "Unauthorized", "Unauthorized"),
    "list across the cluster": (
        status.forbidden_resource("ope", "list", group="", resource="nodes"),
        403,
        "Forbidden",
        'nodes is forbidden: User "ope" cannot list resource "nodes" in API group "" at the cluster scope',
    ),
    "get by name in a namespace, with a reason": (
        status.forbidden_resource(
            "x", "get", group=RBAC, resource="roles", name="r", namespace="ns", because="no access"
        ),
        403,
        "Forbidden",
        (
            f'roles.{RBAC} "r" is forbidden: User "x" cannot get resource "roles" in API group "{RBAC}" '
            'in the namespace "ns": no access'
        ),
    ),
    "a subresource shows in the sentence, not in the subject": (
        status.forbidden_resource(
            "", "create", group="", resource="serviceaccounts", subresource="token", name="a", namespace="n"
        ),
        403,
        "Forbidden",
        (
            'serviceaccounts "a" is forbidden: User "" cannot create resource "serviceaccounts/token" '
            'in API group "" in the namespace "n"'
        ),
    ),
    "markup in a user name is escaped": (
        status.forbidden_path("<b>", "get", "/x"),
        403,
        "Forbidden",
        'forbidden: User "&lt;b&gt;" cannot get path "/x"',
    ),
    "missing object": (
        status.not_found("configmaps", "", "x"),
        404,
        "NotFound",
        'configmaps "x" not found',
    ),
    "missing path": (
        status.no_such_path(),
        404,
        "NotFound",
        "the server could not find the requested resource",
    ),
    "wrong method": (
        status.method_not_allowed(),
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    ),
    "name taken": (
        status.already_exists("roles", RBAC, "r"),
        409,
        "AlreadyExists",
        f'roles.{RBAC} "r" already exists',
    ),
    "stale update": (
        status.conflict("configmaps", "", "aws-auth"),
        409,
        "Conflict",
        (
            'Operation cannot be fulfilled on configmaps "aws-auth": the object has been modified; '
            "please apply your changes to the latest version and try again"
        ),
    ),
    "history gone": (status.expired(5, 17), 410, "Expired", "too old resource version: 5 (17)"),
    "body too long": (
        status.too_large(3145728),
        413,
        "RequestEntityTooLarge",
        "Request entity too large: limit is 3145728",
    ),
    "media type": (
        status.unsupported_media_type("text/plain", ["application/json"]),
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json",
    ),
    "one cause": (
        status.invalid("Role", RBAC, "r", [Cause("FieldValueRequired", "Required value", "rules[0].verbs")]),
        422,
        "Invalid",
        f'Role.{RBAC} "r" is invalid: rules[0].verbs: Required value',
    ),
    "two causes, one twice": (
        status.invalid("Pod", "", "p", [Cause("a", "b", "c"), Cause("a", "b", "c"), Cause("d", "e", "f")]),
        422,
        "Invalid",
        'Pod "p" is invalid: [c: b, f: e]',
    ),
    "unknown fields": (
        status.strict_decoding("Pod", "v1", ['unknown field "spec.x"', 'unknown field "y"']),
        400,
        "BadRequest",
        (
            'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
            'unknown field "spec.x", unknown field "y"'
        ),
    ),
    "our own fault": (status.internal("x"), 500, "InternalError", "Internal error occurred: x"),
}


@pytest.mark.parametrize(("error", "code", "reason", "message"), CASES.values(), ids=CASES.keys())
def test_text(error: KubeError, code: int, reason: str, message: str) -> None:
    document: Any = error.document()
    assert (document["code"], document["reason"], document["message"]) == (code, reason, message)
    assert (document["kind"], document["apiVersion"], document["status"]) == ("Status", "v1", "Failure")


def test_details_name_resource_and_group_without_empty_members() -> None:
    assert status.not_found("roles", RBAC, "r").document()["details"] == {
        "name": "r",
        "group": RBAC,
        "kind": "roles",
    }
    assert "details" not in status.no_such_path().document()


def test_success_names_what_was_deleted() -> None:
    document: Any = status.success("configmaps", "", "x", "some-uid")
    assert document["status"] == "Success"
    assert document["details"] == {"name": "x", "kind": "configmaps", "uid": "some-uid"}

"""Builders for tests of the pod identity webhook: facts and settings as the vectors write them."""

from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch

from sekisho.decide.workload.mutation import Patch
from sekisho.decide.workload.settings import AccountFacts, MappedRole, Settings, TokenVolume

ROLE = "arn:aws:iam::111122223333:role/app"


def settings_of(given: Mapping[str, Any]) -> Settings:
    """Return the settings that a vector names; every name has to be there."""
    composed = given["compose_role_arn"]
    return Settings(
        annotation_prefix=given["annotation_prefix"],
        audience=given["token_audience"],
        mount_path=given["token_mount_path"],
        expiration=given["token_expiration"],
        region=given["aws_default_region"],
        regional_sts=given["sts_regional_endpoint"],
        compose_role_arn=f"arn:{composed['partition']}:iam::{composed['account_id']}:role/"
        if composed
        else "",
        container_token=TokenVolume(
            given["cc_volume_name"], given["cc_mount_path"], given["cc_token_path"], given["cc_audience"]
        ),
        container_uri=given["cc_full_uri"],
    )


def facts_of(
    namespace: str,
    name: str,
    accounts: Sequence[Mapping[str, Any]],
    config_map: Mapping[str, Mapping[str, Any]] | None,
    associations: Sequence[Mapping[str, str]],
) -> AccountFacts:
    """Return what a webhook that knows these objects knows of one account."""
    known = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one["metadata"].get("annotations", {})
        for one in accounts
    }
    mapped = None
    for key in (f"*/{name}", f"{namespace}/{name}"):
        entry = (config_map or {}).get(key)
        if entry is not None:
            mapped = MappedRole(
                key,
                entry["RoleARN"],
                entry.get("Audience", ""),
                entry.get("UseRegionalSTS", False),
                entry.get("TokenExpiration", 0),
            )
    is_associated = any(
        (one["namespace"], one["serviceAccount"]) == (namespace, name) for one in associations
    )
    return AccountFacts(
        namespace, name, known.get((namespace, name)), mapped=mapped, is_associated=is_associated
    )


def patched(pod: Any, patch: Patch) -> Any:
    """Return ``pod`` after ``patch``, applied by a library that is not ours."""
    return jsonpatch.apply_patch(pod, [one.document() for one in patch])


def pod(**spec: Any) -> dict[str, Any]:
    """Return a pod of the account ``app`` with one container, and ``spec`` over it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"serviceAccountName": "app", "containers": [{"name": "main", "image": "web:1"}], **spec},
    }


def account(**annotations: str) -> AccountFacts:
    """Return the account ``shop/app`` with annotations of EKS; ``_`` stands for ``-``."""
    named = {f"eks.amazonaws.com/{name.replace('_', '-')}": text for name, text in annotations.items()}
    return AccountFacts("shop", "app", named)

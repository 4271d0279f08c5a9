"""The commands that carry out repairs on the way from a pod to AWS."""

import json
import re
import shlex
from typing import Any

_PREFIX = "eks.amazonaws.com"
_FROM_TEMPLATE = {"Deployment", "StatefulSet", "DaemonSet"}


def workload_command(repair: Any) -> str:
    """Return the command for a repair (as JSON); empty if none is known."""
    facts = repair["facts"]
    match repair["code"]:
        case "sts.fix.correct-trust":
            name = facts["role"].rpartition("/")[2]
            return _aws("iam", "update-assume-role-policy", role_name=name, policy_document=facts["document"])
        case "sts.fix.add-audience" if "provider" in facts:
            return _aws(
                "iam",
                "add-client-id-to-open-id-connect-provider",
                open_id_connect_provider_arn=facts["provider"],
                client_id=facts["audience"],
            )
        case "iam.fix.add-allow":
            return _allow(facts)
        case "workload.fix.create-role":
            return _create_role(facts)
        case "workload.fix.annotate":
            return _annotate(facts, "role-arn", "ROLE_ARN")
        case "workload.fix.correct-annotation":
            return _annotate(facts, "role-arn", facts["role"])
        case "workload.fix.correct-audience":
            return _annotate(facts, "audience", facts["audience"])
        case "workload.fix.create-account":
            return shlex.join(
                ["kubectl", "create", "serviceaccount", facts["name"], "-n", facts["namespace"]]
            )
        case "workload.fix.correct-profile":
            sed = _replacing(facts["file"], facts["token"])
            where = ["configmap", facts["config_map"], "-n", facts["namespace"]]
            get = shlex.join(["kubectl", "get", *where, "-o", "yaml"])
            return f"{get} | {shlex.join(['sed', sed])} | kubectl apply -f -"
    return _on_pod(repair["code"], facts)


def _on_pod(code: str, facts: Any) -> str:
    """Return the command for a repair of a pod: a pod is made again by whatever made it."""
    if not code.startswith("workload.fix.") or "kind" not in facts:
        return ""
    kind, place = facts["kind"].lower(), ["-n", facts["namespace"]]
    path = "" if kind == "pod" else "/spec/template"
    if code == "workload.fix.recreate":
        if facts["kind"] in _FROM_TEMPLATE:
            return shlex.join(["kubectl", "rollout", "restart", f"{kind}/{facts['pod']}", *place])
        get = shlex.join(["kubectl", "get", kind, facts["pod"], *place, "-o", "yaml"])
        return f"{get} | kubectl replace --force -f -"
    member = {"workload.fix.remove-label": "label", "workload.fix.remove-annotation": "annotation"}.get(code)
    if member is None or not path:
        return ""
    pointer = f"{path}/metadata/{member}s/{facts[member].replace('~', '~0').replace('/', '~1')}"
    patch = json.dumps([{"op": "remove", "path": pointer}], separators=(",", ":"))
    return shlex.join(["kubectl", "patch", kind, facts["pod"], *place, "--type", "json", "-p", patch])


def _replacing(text: str, other: str) -> str:
    """Return the command of sed that puts ``other`` in the place of ``text``, each character as it is."""
    pattern, put = re.sub(r"[][\\.*^$|]", r"\\\g<0>", text), re.sub(r"[\\&|]", r"\\\g<0>", other)
    return f"s|{pattern}|{put}|"


def _annotate(facts: Any, annotation: str, value: str) -> str:
    words = ["kubectl", "annotate", "serviceaccount", facts["name"], "-n", facts["namespace"], "--overwrite"]
    return shlex.join([*words, f"{_PREFIX}/{annotation}={value}"])


def _allow(facts: Any) -> str:
    """Return the command for a statement more; none for a principal that holds no policy."""
    kind, _, name = facts["principal"].rpartition(":")[2].partition("/")
    statement = {"Effect": "Allow", "Action": facts["action"], "Resource": facts["resource"]}
    document = _document(statement)
    policy = facts["action"].replace(":", "-")
    match kind:
        case "role":
            role = name.rpartition("/")[2]
        case "assumed-role":
            role = name.partition("/")[0]
        case "user":
            user = name.rpartition("/")[2]
            return _aws(
                "iam", "put-user-policy", user_name=user, policy_name=policy, policy_document=document
            )
        case _:
            return ""
    return _aws("iam", "put-role-policy", role_name=role, policy_name=policy, policy_document=document)


def _create_role(facts: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": facts["provider"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{facts['issuer']}:sub": facts["subject"],
                f"{facts['issuer']}:aud": "sts.amazonaws.com",
            }
        },
    }
    path, _, name = facts["role"].partition(":role/")[2].rpartition("/")
    more = {"path": f"/{path}/"} if path else {}
    return _aws(
        "iam", "create-role", role_name=name, **more, assume_role_policy_document=_document(statement)
    )


def _document(statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def _aws(service: str, operation: str, **options: str) -> str:
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    return shlex.join(["aws", service, operation, *words])

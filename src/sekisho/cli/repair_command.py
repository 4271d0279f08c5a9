"""The one command that carries out a repair, where there is one."""

import shlex
from typing import Any


def command_of(repair: Any, target: str) -> str:
    """Return the command for a repair (as JSON) on the cluster ``target``; empty if none is known."""
    facts = repair["facts"]
    match repair["code"]:
        case "mapping.map-principal":
            groups = [group for group in facts["groups"].split(",") if group] or ["GROUP"]
            words = ["sekisho", "map", "create", "--cluster", target or "CLUSTER", "--arn", facts["arn"]]
            for group in groups:
                words += ["--group", group]
            return shlex.join(words)
        case "rbac.bind-role":
            return _bind(facts)
        case "proof.sign-again" | "iam-token.renew-credentials":
            return ""
    return ""


def _bind(facts: Any) -> str:
    kind, _, name = facts["role"].partition(" ")
    subject_kind, _, subject = facts["subject"].partition(" ")
    flag = {"Group": "--group", "User": "--user", "ServiceAccount": "--serviceaccount"}.get(subject_kind)
    if flag is None:
        return ""
    role, who = name.strip('"'), subject.strip('"')
    namespace = facts.get("namespace", "")
    words = [
        "kubectl",
        "create",
        "rolebinding" if namespace else "clusterrolebinding",
        f"{role}-{who.replace(':', '-')}",
    ]
    words += ["--clusterrole" if kind == "ClusterRole" else "--role", role, flag, who]
    return shlex.join([*words, *(["-n", namespace] if namespace else [])])

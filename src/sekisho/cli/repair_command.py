"""The one command that carries out a repair, where there is one."""

import shlex
from typing import Any

from sekisho.cli.repair_workload import workload_command

_SERVICE_ACCOUNT = "system:serviceaccount:"


def command_of(repair: Any, target: str) -> str:
    """Return the command for a repair (as JSON) on the cluster ``target``; empty if none is known.

    None is given whose words a terminal would obey or hide: they may come from a stranger's request.
    """
    command = _command(repair, target)
    return command if command.isprintable() else ""


def _command(repair: Any, target: str) -> str:
    facts = repair["facts"]
    match repair["code"]:
        case "mapping.map-principal":
            groups = [group for group in facts["groups"].split(",") if group] or ["GROUP"]
            words = ["sekisho", "map", "create", "--cluster", target or "CLUSTER", "--arn", facts["arn"]]
            for group in groups:
                words += ["--group", group]
            return shlex.join(words)
        case "eks.create-access-entry":
            words = ["aws", "eks", "create-access-entry", "--cluster-name", target or "CLUSTER"]
            groups = [group for group in facts["groups"].split(",") if group]
            named = ["--kubernetes-groups", *groups] if groups else []
            return shlex.join([*words, "--principal-arn", facts["arn"], *named])
        case "eks.recreate-access-entry":
            return _recreate(facts["principal"], target or "CLUSTER")
        case "eks.associate-access-policy":
            return _associate(facts, target or "CLUSTER")
        case "rbac.bind-role":
            return _bind(facts)
        case "rbac.grant":
            return _grant(facts)
        case "sts.fix.add-provider":
            words = ["aws", "iam", "create-open-id-connect-provider", "--url", facts["issuer"]]
            return shlex.join([*words, "--client-id-list", "sts.amazonaws.com"])
        case "service-account.fix.new-token":
            return shlex.join(["kubectl", "create", "token", facts["name"], "-n", facts["namespace"]])
        case "service-account.fix.for-audience":
            words = ["kubectl", "create", "token", facts["name"], "-n", facts["namespace"]]
            return shlex.join([*words, "--audience", facts["audience"]])
    return workload_command(repair)


def _recreate(principal: str, cluster: str) -> str:
    """Two commands; what the entry gave (groups, policies) has to be given again."""
    words = ["--cluster-name", cluster, "--principal-arn", principal]
    return " && ".join(
        shlex.join(["aws", "eks", command, *words])
        for command in ("delete-access-entry", "create-access-entry")
    )


def _associate(facts: Any, cluster: str) -> str:
    words = ["aws", "eks", "associate-access-policy", "--cluster-name", cluster]
    policy = f"arn:aws:eks::aws:cluster-access-policy/{facts['policy']}"
    scope = f"type=namespace,namespaces={facts['namespaces']}" if facts["namespaces"] else "type=cluster"
    asked = ["--principal-arn", facts["principal"], "--policy-arn", policy, "--access-scope", scope]
    return shlex.join([*words, *asked])


def _bind(facts: Any) -> str:
    kind, _, name = facts["role"].partition(" ")
    flags = _subject_flags(facts["subject"])
    if not flags:
        return ""
    role, namespace = name.strip('"'), _namespace(facts["where"])
    words = ["kubectl", "create", *_binding(role, flags, namespace)]
    return shlex.join([*words, "--clusterrole" if kind == "ClusterRole" else "--role", role, *flags])


def _grant(facts: Any) -> str:
    """Two commands: the role, then its binding."""
    flags = _subject_flags(facts["subject"])
    if not flags:
        return ""
    namespace = _namespace(facts["where"])
    kind = "role" if namespace else "clusterrole"
    name = f"{facts['verb']}-{facts['resource'].replace('/', '-').replace('.', '-')}"
    place = ["-n", namespace] if namespace else []
    role = [
        "kubectl",
        "create",
        kind,
        name,
        f"--verb={facts['verb']}",
        f"--resource={facts['resource']}",
        *place,
    ]
    binding = ["kubectl", "create", *_binding(name, flags, namespace), f"--{kind}", name, *flags]
    return f"{shlex.join(role)} && {shlex.join(binding)}"


def _binding(role: str, flags: list[str], namespace: str) -> list[str]:
    name = f"{role}-{flags[1].replace(':', '-')}"
    return ["rolebinding", name, "-n", namespace] if namespace else ["clusterrolebinding", name]


def _subject_flags(subject: str) -> list[str]:
    kind, _, name = subject.partition(" ")
    flag = {"Group": "--group", "User": "--user", "ServiceAccount": "--serviceaccount"}.get(kind)
    who = name.strip('"')
    if flag == "--user" and who.startswith(_SERVICE_ACCOUNT):
        flag, who = "--serviceaccount", who.removeprefix(_SERVICE_ACCOUNT)
    return [flag, who] if flag and who else []


def _namespace(where: str) -> str:
    """Return the namespace that a scope names; empty for the whole cluster."""
    _, found, name = where.partition("in the namespace ")
    return name.strip('"') if found else ""

"""Entries of a kubeconfig for one EKS cluster, and how they join the ones already there.

Pure: documents in, documents out. Files are `kubeconfig_file`'s business, text and comments
`kubeconfig_text`'s. Names and merging follow ``aws eks update-kubeconfig``; the one difference is
that a user entry made for a role or profile says so in its name, so that a second role does not
replace the first.
"""

from dataclasses import dataclass

from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.exec_credential import V1BETA1
from sekisho.connect.exec_program import ExecProgram
from sekisho.decide.values import InputFault, Json, JsonObject, Ref, SekishoInputError
from sekisho.decide.values.documents import line_of

SKELETON: dict[str, Json] = {
    "apiVersion": "v1",
    "clusters": [],
    "contexts": [],
    "current-context": "",
    "kind": "Config",
    "preferences": {},
    "users": [],
}
LISTS = ("clusters", "contexts", "users")


@dataclass(frozen=True, slots=True)
class Entries:
    """The three entries of one connection; each has a ``name``."""

    cluster: JsonObject
    user: JsonObject
    context: JsonObject

    def of(self, key: str) -> JsonObject:
        """Return the entry that belongs into the list ``key`` (one of `LISTS`)."""
        return {"clusters": self.cluster, "users": self.user, "contexts": self.context}[key]


def build_entries(
    cluster: EksCluster,
    *,
    role_arn: str = "",
    profile: str = "",
    alias: str = "",
    user_alias: str = "",
    proxy_url: str = "",
    program: ExecProgram = ExecProgram.AWS,
) -> Entries:
    """Return the entries that connect to ``cluster`` as ``role_arn`` through ``profile``."""
    arn = str(cluster.arn)
    where: dict[str, Json] = {
        "certificate-authority-data": cluster.certificate_authority,
        "server": cluster.server,
    }
    if proxy_url:
        where["proxy-url"] = proxy_url
    command: dict[str, Json] = {
        "apiVersion": V1BETA1,
        "args": list(_arguments(cluster, role_arn, program)),
        "command": program.value,
    }
    if profile:
        command["env"] = [{"name": "AWS_PROFILE", "value": profile}]
    user = user_alias or "@".join(part for part in (arn, profile, role_arn) if part)
    return Entries(
        cluster={"cluster": where, "name": arn},
        user={"name": user, "user": {"exec": command}},
        context={"context": {"cluster": arn, "user": user}, "name": alias or user},
    )


def _arguments(cluster: EksCluster, role_arn: str, program: ExecProgram) -> tuple[str, ...]:
    which = ("--cluster-id", cluster.outpost_id) if cluster.outpost_id else ("--cluster-name", cluster.name)
    region = ("--region", cluster.arn.region)
    if program is ExecProgram.AWS:
        # `--role` is how the AWS CLI itself abbreviates `--role-arn` here.
        role = ("--role", role_arn) if role_arn else ()
        return (*region, "eks", "get-token", *which, "--output", "json", *role)
    role = ("--role-arn", role_arn) if role_arn else ()
    return ("token", *region, *which, "--output", "json", *role)


def check_kubeconfig(value: Json, name: str, text: str = "") -> dict[str, Json]:
    """Return ``value`` as the content of the kubeconfig ``name``; nothing at all is an empty one.

    Raises:
        SekishoInputError: a known key has the wrong type or a list member is no mapping; every such
            place is named, with its line in ``text``.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SekishoInputError.single(
            "kubeconfig.not-a-mapping", Ref(name), f"expected a mapping, found {_kind(value)}", line=1
        )
    faults = [
        InputFault(code, Ref(name, pointer), problem, line=line_of(text, pointer))
        for key, expected in SKELETON.items()
        for code, pointer, problem in _problems(key, value.get(key), expected)
    ]
    if faults:
        raise SekishoInputError(faults)
    return value


def _problems(key: str, found: Json, expected: Json) -> list[tuple[str, str, str]]:
    if found is None:
        return []
    if type(found) is not type(expected):
        problem = f"expected `{key}` to be {_kind(expected)}, found {_kind(found)}"
        return [("kubeconfig.wrong-type", f"/{key}", problem)]
    if not isinstance(found, list):
        return []
    return [
        ("kubeconfig.entry-not-a-mapping", f"/{key}/{index}", f"expected a mapping, found {_kind(member)}")
        for index, member in enumerate(found)
        if not isinstance(member, dict)
    ]


def _kind(value: Json) -> str:
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return "text"
        case bool():
            return "true or false"
        case None:
            return "nothing"
        case _:
            return "a number"


def position(entries: Json, name: Json) -> int | None:
    """Return where in a list of entries the first one called ``name`` is."""
    members = entries if isinstance(entries, list) else []
    return next(
        (
            index
            for index, entry in enumerate(members)
            if isinstance(entry, dict) and entry.get("name") == name
        ),
        None,
    )


def merge(content: dict[str, Json], new: Entries) -> dict[str, Json]:
    """Return ``content`` with the entries of ``new``: each in place of its namesake, else at the end.

    The new context becomes the current one. Everything else keeps its content and order.
    """
    merged: dict[str, Json] = dict(content) if content else dict(SKELETON)
    for key in LISTS:
        entry = new.of(key)
        present = merged.get(key)
        members: list[Json] = list(present) if isinstance(present, list) else []
        at = position(members, entry["name"])
        if at is None:
            members.append(dict(entry))
        else:
            members[at] = dict(entry)
        merged[key] = members
    merged["current-context"] = new.context["name"]
    return merged

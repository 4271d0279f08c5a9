"""The configuration file of aws-iam-authenticator: read whole, every fault with its line.

Source: aws-iam-authenticator ``pkg/config`` and ``cmd/aws-iam-authenticator``. Member names ignore case,
as they do there; flags win over the file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.backend_file import load_lists
from sekisho.decide.values import InputFault, Json, JsonObject, Ref, SekishoInputError
from sekisho.decide.values.documents import line_of, parse_yaml

_TOP: Final = {"clusterid": "clusterID", "defaultrole": "defaultRole", "role": "role", "server": "server"}
_LISTS: Final = {"maproles": "mapRoles", "mapusers": "mapUsers", "mapaccounts": "mapAccounts"}
_TEXTS: Final = {
    "hostname": "hostname",
    "address": "address",
    "partition": "partition",
    "statedir": "stateDir",
    "generatekubeconfig": "generateKubeconfig",
    "kubeconfig": "kubeconfig",
    "master": "master",
    "dynamicfilepath": "dynamicfilepath",
    "dynamicbackendmodepath": "dynamicBackendModePath",
    "ec2describeinstancesrolearn": "ec2DescribeInstancesRoleARN",
    "sourcearn": "sourceARN",
}
_NUMBERS: Final = {
    "port": "port",
    "ec2describeinstancesqps": "ec2DescribeInstancesQps",
    "ec2describeinstancesburst": "ec2DescribeInstancesBurst",
}
_BOOLEANS: Final = {
    "kubeconfigpregenerated": "kubeconfigPregenerated",
    "dynamicfileuseridstrict": "dynamicfileUserIDStrict",
}
_OTHERS: Final = {
    "backendmode": "backendMode",
    "scrubbedaccounts": "scrubbedAccounts",
    "reservedprefixconfig": "reservedPrefixConfig",
}
_SERVER: Final = {**_LISTS, **_TEXTS, **_NUMBERS, **_BOOLEANS, **_OTHERS}


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What the file says. ``texts``, ``numbers`` and ``booleans`` hold the members of ``server`` by name.

    ``mounted`` are its mappings; ``notices`` what is odd, a sentence each.
    """

    mounted: Backend
    cluster_id: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    booleans: Mapping[str, bool] = field(default_factory=dict)
    backend_modes: tuple[str, ...] = ()
    scrubbed_accounts: frozenset[str] = frozenset()
    reserved_prefixes: Mapping[BackendMode, tuple[str, ...]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def read_config(name: str, text: str, *, sso_role_match: bool) -> ServerConfig:
    """Return the content of the file ``name``.

    Raises:
        SekishoInputError: it is no such file; every fault with its line.
    """
    value = parse_yaml(text, name)
    root = Ref(name)
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise SekishoInputError.single("authenticator.config", root, "expected a mapping", line=1)
    try:
        return _Reader(root, text, sso_role_match=sso_role_match).read(value)
    except SekishoInputError as error:
        raise SekishoInputError(
            InputFault(f.code, f.at, f.problem, f.hint, f.line or line_of(text, f.at.pointer))
            for f in error.faults
        ) from None


class _Reader:
    def __init__(self, root: Ref, text: str, *, sso_role_match: bool) -> None:
        self._root = root
        self._text = text
        self._sso_role_match = sso_role_match
        self._faults: list[InputFault] = []
        self._notices: list[str] = []

    def read(self, document: JsonObject) -> ServerConfig:
        top = self._members(document, _TOP, self._root)
        at = self._root.child("server")
        found = top.get("server")
        if found is not None and not isinstance(found, dict):
            self._fault(at, "expected a mapping")
        server = self._members(found if isinstance(found, dict) else {}, _SERVER, at)
        reserved = dict(self._reserved(server.get("reservedPrefixConfig"), at.child("reservedPrefixConfig")))
        mounted = self._mounted(server, at, reserved.get(BackendMode.MOUNTED_FILE, ()))
        config = ServerConfig(
            mounted,
            self._text_of(top, "clusterID", self._root),
            {name: text for name in _TEXTS.values() if (text := self._text_of(server, name, at))},
            dict(self._numbers(server, at)),
            dict(self._booleans(server, at)),
            self._texts(server.get("backendMode"), at.child("backendMode")),
            frozenset(self._texts(server.get("scrubbedAccounts"), at.child("scrubbedAccounts"))),
            reserved,
            tuple(self._notices),
        )
        if self._faults:
            raise SekishoInputError(self._faults)
        return config

    def _members(self, found: JsonObject, known: Mapping[str, str], at: Ref) -> dict[str, Json]:
        """Return the members under their proper names; unknown ones are odd, two spellings a fault."""
        members: dict[str, Json] = {}
        for name, value in found.items():
            proper = known.get(name.lower())
            if proper is None:
                close = get_close_matches(name.lower(), known, 1)
                hint = f"; did you mean {known[close[0]]}?" if close else ""
                line = line_of(self._text, at.child(name).pointer)
                self._notices.append(f"{self._root}:{line}: `{name}` means nothing here{hint}")
            elif proper in members:
                self._fault(at.child(name), f"`{proper}` occurs twice, spelled in two ways")
            else:
                members[proper] = value
        return members

    def _mounted(self, server: Mapping[str, Json], at: Ref, reserved: tuple[str, ...]) -> Backend:
        lists: dict[str, Json] = {
            name: server[name] for name in _LISTS.values() if server.get(name) is not None
        }
        try:
            backend, notices = load_lists(
                BackendMode.MOUNTED_FILE,
                lists,
                at,
                sso_role_match=self._sso_role_match,
                reserved_prefixes=reserved,
            )
        except SekishoInputError as error:
            self._faults += error.faults
            return load_lists(BackendMode.MOUNTED_FILE, {}, at)[0]
        for notice in notices:
            line = line_of(self._text, notice.step.at.pointer)
            self._notices.append(f"{self._root}:{line}: {notice.step.sentence()}")
        return backend

    def _reserved(self, value: Json, at: Ref) -> Iterator[tuple[BackendMode, tuple[str, ...]]]:
        for index, entry in enumerate(self._list(value, at)):
            place = at.child(index)
            if not isinstance(entry, dict):
                self._fault(place, "expected backendMode and usernamePrefixReserveList")
                continue
            known = {"backendmode": "backendMode", "usernameprefixreservelist": "usernamePrefixReserveList"}
            members = self._members(entry, known, place)
            mode = members.get("backendMode")
            if not isinstance(mode, str) or mode not in set(BackendMode):
                self._fault(place.child("backendMode"), f"expected one of {', '.join(BackendMode)}")
                continue
            listed = members.get("usernamePrefixReserveList")
            yield BackendMode(mode), self._texts(listed, place.child("usernamePrefixReserveList"))

    def _text_of(self, members: Mapping[str, Json], name: str, at: Ref) -> str:
        value = members.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self._fault(at.child(name), "expected text", "put it in quotes")
        return ""

    def _numbers(self, members: Mapping[str, Json], at: Ref) -> Iterator[tuple[str, int]]:
        for name in _NUMBERS.values():
            value = members.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65_535:
                yield name, value
            elif value is not None:
                self._fault(at.child(name), "expected a number from 0 to 65535")

    def _booleans(self, members: Mapping[str, Json], at: Ref) -> Iterator[tuple[str, bool]]:
        for name in _BOOLEANS.values():
            value = members.get(name)
            if isinstance(value, bool):
                yield name, value
            elif value is not None:
                self._fault(at.child(name), "expected true or false")

    def _texts(self, value: Json, at: Ref) -> tuple[str, ...]:
        texts: list[str] = []
        for index, entry in enumerate(self._list(value, at)):
            if isinstance(entry, str):
                texts.append(entry)
            else:
                self._fault(at.child(index), "expected text", "put it in quotes")
        return tuple(texts)

    def _list(self, value: Json, at: Ref) -> list[Json]:
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self._fault(at, "expected a list")
        return []

    def _fault(self, at: Ref, problem: str, hint: str = "") -> None:
        self._faults.append(InputFault("authenticator.config", at, problem, hint))

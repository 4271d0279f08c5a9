"""Mappings from files, read again as they change: the configuration file and the dynamic file."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.backend_file import load_lists
from sekisho.decide.authn.entry import Reading
from sekisho.decide.values import Instant, JsonObject, Ref, SekishoInputError
from sekisho.decide.values.documents import parse_json
from sekisho.serve.authenticator.config_file import read_config
from sekisho.serve.authenticator.metrics import Metrics
from sekisho.serve.file_source import follow, read_text, stamp_of
from sekisho.serve.json_log import facts

_log = logging.getLogger("sekisho.authenticator")


class MountedFile:
    """``server.mapRoles`` and its kin in the configuration file.

    Differs from aws-iam-authenticator, which reads them once: they are read again when the file
    changes, and a file that cannot be used leaves in force what was there. Other settings need a restart.
    """

    def __init__(self, path: Path, backend: Backend, *, sso_role_match: bool) -> None:
        self._path = path
        self._sso_role_match = sso_role_match
        self.backend: Backend | None = backend
        self.problem = ""

    async def run(self) -> None:
        """Follow the file."""
        await follow((self._path,), self.reload)

    def reload(self) -> None:
        """Read the file as it is now."""
        try:
            config = read_config(str(self._path), read_text(self._path), sso_role_match=self._sso_role_match)
        except SekishoInputError as error:
            self.problem = str(error)
            _log.error("the configuration file is not used", extra=facts(problem=str(error)))
            return
        if self.problem or config.mounted != self.backend:
            _log.info("read the configuration file", extra=facts(mappings=len(config.mounted.mappings)))
        self.backend, self.problem = config.mounted, ""


class DynamicFile:
    """The JSON file that a control plane writes: EKS keeps access entries in one.

    A file that cannot be used leaves in force what was there; a file that is gone maps nobody.
    """

    def __init__(
        self,
        path: Path,
        metrics: Metrics,
        now: Callable[[], Instant],
        *,
        user_id_strict: bool,
        reserved_prefixes: tuple[str, ...],
    ) -> None:
        self._path = path
        self._metrics = metrics
        self._now = now
        self._user_id_strict = user_id_strict
        self._reserved = reserved_prefixes
        self.backend: Backend | None = None
        self.problem = ""

    async def run(self) -> None:
        """Follow the file."""
        await follow((self._path,), self.reload)

    def reload(self) -> None:
        """Read the file as it is now."""
        if stamp_of(self._path) is None:
            if self.backend is not None:
                _log.warning("the dynamic file is gone: it maps nobody", extra=facts(path=str(self._path)))
                self.backend = Backend(BackendMode.DYNAMIC_FILE, Ref(str(self._path)), Reading.CANONICAL)
            self.problem = "" if self.backend is not None else f"there is no `{self._path}` yet"
            return
        try:
            document = _object(self._path)
            self.backend, notices = load_lists(
                BackendMode.DYNAMIC_FILE,
                document,
                Ref(str(self._path)),
                user_id_strict=self._user_id_strict,
                reserved_prefixes=self._reserved,
            )
        except SekishoInputError as error:
            self.problem = str(error)
            self._metrics.dynamic_failures.inc()
            _log.error("the dynamic file is not used", extra=facts(problem=str(error)))
            return
        self.problem = ""
        _observe(self._metrics, "dynamicFile", document, self._now())
        found = [str(notice) for notice in notices] or None
        count = len(self.backend.mappings)
        _log.info(
            "read the dynamic file",
            extra=facts(mappings=count, notices=found, version=_version(document)),
        )


class DynamicModes:
    """The JSON file that says which sources are asked (``dynamicBackendModePath``); gone: as configured."""

    def __init__(
        self,
        path: Path,
        use: Callable[[tuple[BackendMode, ...] | None], None],
        metrics: Metrics,
        now: Callable[[], Instant],
    ) -> None:
        self._path = path
        self._use = use
        self._metrics = metrics
        self._now = now
        self.problem = ""

    async def run(self) -> None:
        """Follow the file."""
        await follow((self._path,), self.reload)

    def reload(self) -> None:
        """Read the file as it is now."""
        if stamp_of(self._path) is None:
            self.problem = ""
            self._use(None)
            return
        try:
            document = _object(self._path)
            modes = document.get("backendMode")
            self._use(read_modes(modes if isinstance(modes, str) else "", " ", Ref(str(self._path))))
        except (SekishoInputError, ValueError) as error:
            self.problem = str(error)
            self._metrics.dynamic_failures.inc()
            _log.error("the file of backend modes is not used", extra=facts(problem=str(error)))
            return
        self.problem = ""
        _observe(self._metrics, "dynamicBackendMode", document, self._now())
        _log.info("backend modes changed", extra=facts(modes=str(modes)))


_ALIASES = {"File": BackendMode.MOUNTED_FILE, "ConfigMap": BackendMode.CONFIG_MAP}
"""Names that aws-iam-authenticator still takes, and says are old."""


def read_modes(text: str, separator: str, at: Ref) -> tuple[BackendMode, ...]:
    """Return the kinds of source that ``text`` lists.

    Raises:
        SekishoInputError: none, one twice, or one that there is not.
    """
    modes: list[BackendMode] = []
    for name in filter(None, (part.strip() for part in text.split(separator))):
        mode = _ALIASES.get(name) or (BackendMode(name) if name in set(BackendMode) else None)
        if mode is None:
            raise SekishoInputError.single(
                "authenticator.backend-mode", at, f"`{name}`: expected {', '.join(BackendMode)}"
            )
        if mode in modes:
            raise SekishoInputError.single("authenticator.backend-mode", at, f"`{name}` is listed twice")
        modes.append(mode)
    if not modes:
        raise SekishoInputError.single(
            "authenticator.backend-mode", at, f"expected at least one of {', '.join(BackendMode)}"
        )
    return tuple(modes)


def _object(path: Path) -> JsonObject:
    value = parse_json(read_text(path), str(path))
    if not isinstance(value, dict):
        raise SekishoInputError.single("file.not-an-object", Ref(str(path)), "expected a JSON object")
    return value


def _version(document: JsonObject) -> str | None:
    found = document.get("Version")
    return json.dumps(found) if found is not None else None


def _observe(metrics: Metrics, kind: str, document: JsonObject, now: Instant) -> None:
    """Measure how long the content took from its author to here, if it says when it was written."""
    written = document.get("LastUpdatedDateTime")
    text = str(written) if isinstance(written, str | int) else ""
    if text.isascii() and text.isdecimal() and len(text) <= 12:
        metrics.dynamic_latency.labels(kind).observe(max(0.0, now.epoch - int(text)))

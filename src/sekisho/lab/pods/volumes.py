"""What a pod's volumes hold: ConfigMaps, Secrets, tokens and the pod's own fields, written as a kubelet does.

A volume is a folder whose files are links through ``..data`` to a folder of this moment, so that all of
them change at once. Source: Kubernetes ``pkg/volume/util/atomic_writer.go`` and the API reference of
``core/v1`` Volume.
"""

import base64
import binascii
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.pods.fields import FieldError, field_of
from sekisho.wire.kube.members import items, mapping, number, objects, text

DEFAULT_MODE = 0o644
DEFAULT_TOKEN_SECONDS = 3_600
_DATA = "..data"

Lookup = Callable[[str, str], JsonObject | None]
"""Returns an object of the pod's namespace: plural, name."""
Files = dict[str, tuple[bytes, int]]


class VolumeError(Exception):
    """A volume cannot be made yet, or not at all; the sentence is the kubelet's."""


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token and when it has to be replaced."""

    text: str
    renew: Instant


Sign = Callable[[JsonObject], Token]
"""Returns a token for a projected source ``serviceAccountToken``."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a volume holds now, and until when."""

    files: Files
    renew: Instant | None = None


def is_empty(volume: JsonObject) -> bool:
    """Tell whether a volume begins empty."""
    return isinstance(volume.get("emptyDir"), Mapping)


def content(volume: JsonObject, pod: JsonObject, look: Lookup, sign: Sign) -> Content:
    """Return what a volume of a pod holds.

    Raises:
        VolumeError: an object is missing, or the lab does not serve this kind of volume.
    """
    if isinstance(volume.get("configMap"), Mapping):
        source = mapping(volume, "configMap")
        return Content(_config_map(source, text(source, "name"), look, _mode(source, DEFAULT_MODE)))
    if isinstance(volume.get("secret"), Mapping):
        source = mapping(volume, "secret")
        return Content(_secret(source, text(source, "secretName"), look, _mode(source, DEFAULT_MODE)))
    if isinstance(volume.get("downwardAPI"), Mapping):
        source = mapping(volume, "downwardAPI")
        return Content(_downward(source, pod, _mode(source, DEFAULT_MODE)))
    if isinstance(volume.get("projected"), Mapping):
        return _projected(mapping(volume, "projected"), pod, look, sign)
    kind = next((name for name in volume if name != "name"), "")
    raise VolumeError(
        f"the lab serves no volumes of type {kind or 'none'}: configMap, secret, projected, downwardAPI and "
        "emptyDir are what it mounts"
    )


def _projected(source: JsonObject, pod: JsonObject, look: Lookup, sign: Sign) -> Content:
    mode, files, renew = _mode(source, DEFAULT_MODE), Files(), None
    for one in objects(source, "sources"):
        if isinstance(one.get("serviceAccountToken"), Mapping):
            wanted = mapping(one, "serviceAccountToken")
            token = sign(wanted)
            files[_safe(text(wanted, "path"))] = (token.text.encode(), mode)
            renew = token.renew if renew is None else min(renew, token.renew)
        elif isinstance(one.get("configMap"), Mapping):
            part = mapping(one, "configMap")
            files |= _config_map(part, text(part, "name"), look, mode)
        elif isinstance(one.get("secret"), Mapping):
            part = mapping(one, "secret")
            files |= _secret(part, text(part, "name"), look, mode)
        elif isinstance(one.get("downwardAPI"), Mapping):
            files |= _downward(mapping(one, "downwardAPI"), pod, mode)
        else:
            raise VolumeError(f"the lab serves no projected source {next(iter(one), 'none')}")
    return Content(files, renew)


def config_data(found: JsonObject) -> dict[str, bytes]:
    """Return the keys of a ConfigMap."""
    return text_data(found) | {name: _decoded(value) for name, value in mapping(found, "binaryData").items()}


def text_data(found: JsonObject) -> dict[str, bytes]:
    """Return the keys of a ConfigMap that hold text: only those become variables."""
    return {name: str(value).encode() for name, value in mapping(found, "data").items()}


def secret_data(found: JsonObject) -> dict[str, bytes]:
    """Return the keys of a Secret."""
    data = {name: _decoded(value) for name, value in mapping(found, "data").items()}
    return data | {name: str(value).encode() for name, value in mapping(found, "stringData").items()}


def _config_map(source: JsonObject, name: str, look: Lookup, mode: int) -> Files:
    found = look("configmaps", name)
    if found is None:
        return _absent(source, f'configmap "{name}" not found')
    return _selected(source, config_data(found), mode, "configmap references non-existent config key: ")


def _secret(source: JsonObject, name: str, look: Lookup, mode: int) -> Files:
    found = look("secrets", name)
    if found is None:
        return _absent(source, f'secret "{name}" not found')
    return _selected(source, secret_data(found), mode, "references non-existent secret key: ")


def _absent(source: JsonObject, sentence: str) -> Files:
    if source.get("optional") is True:
        return {}
    raise VolumeError(sentence)


def _selected(source: JsonObject, data: Mapping[str, bytes], mode: int, missing: str) -> Files:
    chosen = objects(source, "items")
    if not chosen:
        return {_safe(name): (value, mode) for name, value in data.items()}
    files = Files()
    for item in chosen:
        key = text(item, "key")
        if key not in data:
            if source.get("optional") is True:
                continue
            raise VolumeError(f"{missing}{key}")
        files[_safe(text(item, "path"))] = (data[key], _mode(item, mode, "mode"))
    return files


def _downward(source: JsonObject, pod: JsonObject, mode: int) -> Files:
    files = Files()
    for item in objects(source, "items"):
        try:
            value = field_of(pod, text(item, "fieldRef", "fieldPath"))
        except FieldError as error:
            raise VolumeError(str(error)) from None
        files[_safe(text(item, "path"))] = (value.encode(), _mode(item, mode, "mode"))
    return files


def _safe(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path or path.startswith("/") or ".." in parts or parts[0].startswith(".."):
        raise VolumeError(f"invalid path {path!r}: it must be relative and stay in the volume")
    return str(PurePosixPath(path))


def _mode(source: JsonObject, default: int, member: str = "defaultMode") -> int:
    # Who runs in a pod is not who writes its volumes: what only the owner could read, nobody could.
    found = number(source, member) if member in source else default
    return (found | (found & 0o500) >> 3 | (found & 0o500) >> 6) & 0o777


def _decoded(value: Json) -> bytes:
    try:
        return base64.b64decode(value) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""


def write(folder: Path, files: Files) -> bool:
    """Make ``folder`` hold ``files``, all at once; returns whether anything changed.

    Raises:
        VolumeError: no folder can hold them: one is to be a file and a folder, or a name is too long.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    before = _written(folder)
    if before == files:
        return False
    moment = next(
        folder / f"..{number}" for number in range(1_000_000) if not (folder / f"..{number}").exists()
    )
    moment.mkdir(mode=0o755)
    try:
        for name, (value, mode) in files.items():
            path = moment / name
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            path.write_bytes(value)
            path.chmod(mode)
    except OSError as error:
        shutil.rmtree(moment, ignore_errors=True)
        raise VolumeError(f"{error.strerror}: {name}") from None
    old = (folder / _DATA).resolve() if (folder / _DATA).is_symlink() else None
    temporary = folder / "..data_tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(moment.name)
    temporary.replace(folder / _DATA)
    tops = {PurePosixPath(name).parts[0] for name in files}
    for top in tops:
        if not os.path.lexists(folder / top):
            (folder / top).symlink_to(f"{_DATA}/{top}")
    for entry in list(folder.iterdir()):
        if not entry.name.startswith("..") and entry.name not in tops:
            entry.unlink()
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    return True


def _written(folder: Path) -> Files | None:
    if not (folder / _DATA).exists():
        return None
    top = (folder / _DATA).resolve()
    return {
        str(path.relative_to(top)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in top.rglob("*")
        if path.is_file()
    }


def token_life(seconds: int) -> timedelta:
    """Return after how much of its life a kubelet replaces a token: four fifths, a day at most."""
    return min(timedelta(seconds=seconds) * 0.8, timedelta(hours=24))


def names(spec: JsonObject) -> list[str]:
    """Return the names of a pod's volumes."""
    return [text(one, "name") for one in objects(items(spec, "volumes"))]

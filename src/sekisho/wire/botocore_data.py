"""botocore's data files (service models, partitions), read without botocore's code.

Importing botocore's loader takes longer than reading every file a lab needs. Only the files of the
installed package are read: models that a user has put beside it for his own client are not AWS's.
"""

import gzip
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any


def read_data(*path: str) -> Any:
    """Return the JSON of a file, named by its path without the ending (``"partitions"``).

    Raises:
        LookupError: botocore has no such file.
    """
    file = _folder().joinpath(*path)
    for ending, opened in ((".json", Path.read_bytes), (".json.gz", _unzipped)):
        found = file.with_name(file.name + ending)
        if found.is_file():
            return json.loads(opened(found))
    raise LookupError(f"botocore has no `{'/'.join(path)}`")


def read_model(service: str, kind: str) -> Any:
    """Return the newest version of a service's file of one kind (``service-2``), with the SDK's extras.

    Raises:
        LookupError: botocore has no such service.
    """
    versions = sorted(_versions(service, kind))
    if not versions:
        raise LookupError(f"botocore has no `{kind}` of `{service}`")
    model = read_data(service, versions[-1], kind)
    try:
        extras = read_data(service, versions[-1], f"{kind}.sdk-extras")
    except LookupError:
        return model
    _merge(model, extras.get("merge", {}))
    return model


@cache
def services() -> frozenset[str]:
    """Return the name of every service that has a model."""
    return frozenset(
        folder.name
        for folder in _folder().iterdir()
        if folder.is_dir() and _versions(folder.name, "service-2")
    )


@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("botocore")
    assert spec is not None  # noqa: S101 - a dependency of this package
    assert spec.origin is not None  # noqa: S101 - it is installed as files
    return Path(spec.origin).parent / "data"


def _versions(service: str, kind: str) -> list[str]:
    folder = _folder() / service
    if "/" in service or not folder.is_dir():
        return []
    return [
        version.name
        for version in folder.iterdir()
        if any((version / f"{kind}{ending}").is_file() for ending in (".json", ".json.gz"))
    ]


def _unzipped(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes())


def _merge(model: dict[str, Any], extras: dict[str, Any]) -> None:
    """Add ``extras`` to ``model``: members of objects one by one, everything else whole."""
    for name, value in extras.items():
        if isinstance(value, dict) and isinstance(model.get(name), dict):
            _merge(model[name], value)
        else:
            model[name] = value

"""Which programs a real control plane is made of, and as which version it behaves."""

from pathlib import Path

import pytest

from sekisho.lab.envtest.assets import VARIABLE, find_assets
from sekisho.lab.envtest.flags import emulation
from sekisho.lab.errors import LabError


def programs(folder: Path, *names: str, mode: int = 0o755) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch(mode)
    return folder


def test_the_variable_comes_before_the_path(tmp_path: Path) -> None:
    named = programs(tmp_path / "named", "etcd", "kube-apiserver")
    path = programs(tmp_path / "path", "etcd", "kube-apiserver", "kube-controller-manager")
    found = find_assets({VARIABLE: str(named), "PATH": str(path)})
    assert (found.etcd, found.api_server) == (named / "etcd", named / "kube-apiserver")
    assert found.controller_manager is None
    assert find_assets({"PATH": str(path)}).controller_manager == path / "kube-controller-manager"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    half = programs(tmp_path / "half", "etcd")
    with pytest.raises(LabError, match="no program kube-apiserver in the folder"):
        find_assets({VARIABLE: str(half)})
    with pytest.raises(LabError, match="no program etcd and kube-apiserver in the PATH"):
        find_assets({"PATH": ""})


def test_a_file_that_cannot_be_executed_is_no_program(tmp_path: Path) -> None:
    folder = programs(tmp_path / "plain", "etcd", "kube-apiserver", mode=0o644)
    with pytest.raises(LabError, match="etcd and kube-apiserver"):
        find_assets({VARIABLE: str(folder)})


@pytest.mark.parametrize(
    ("own", "wanted", "emulated"),
    [
        ("Kubernetes v1.37.2", "1.37", False),
        ("Kubernetes v1.37.2", "1.36", True),
        ("Kubernetes v1.37.2", "1.34", True),
        ("Kubernetes v1.37.2", "1.33", False),
        ("Kubernetes v1.37.2", "1.38", False),
        ("Kubernetes v1.37.2", "nonsense", False),
        ("nonsense", "1.34", False),
    ],
)
def test_a_newer_server_behaves_as_the_clusters_version(own: str, wanted: str, *, emulated: bool) -> None:
    assert emulation(own, wanted) == ([f"--emulated-version=kube={wanted}"] if emulated else [])

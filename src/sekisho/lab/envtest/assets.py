"""Where the programs of a control plane are: the convention of Kubernetes' envtest, else the PATH.

Source: sigs.k8s.io/controller-runtime ``pkg/envtest``, ``KUBEBUILDER_ASSETS``.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sekisho.lab.errors import LabError

VARIABLE: Final = "KUBEBUILDER_ASSETS"


@dataclass(frozen=True, slots=True)
class Assets:
    """The programs. Without a controller manager nobody makes default accounts or aggregated roles."""

    etcd: Path
    api_server: Path
    controller_manager: Path | None


def find_assets(environ: Mapping[str, str]) -> Assets:
    """Return the programs in the folder that ``KUBEBUILDER_ASSETS`` names, else those in the PATH.

    Raises:
        LabError: etcd or kube-apiserver is not there.
    """
    folder = environ.get(VARIABLE, "")
    etcd, server, manager = (
        _found(folder, name, environ) for name in ("etcd", "kube-apiserver", "kube-controller-manager")
    )
    missing = [name for name, path in (("etcd", etcd), ("kube-apiserver", server)) if path is None]
    if etcd is None or server is None:
        place = f"the folder `{folder}` of {VARIABLE}" if folder else "the PATH"
        raise LabError(
            f"no program {' and '.join(missing)} in {place}; set {VARIABLE} to a folder with etcd and "
            "kube-apiserver (`setup-envtest use -p path` names one; in a checkout `make clients` builds them)"
        )
    return Assets(etcd, server, manager)


def _found(folder: str, name: str, environ: Mapping[str, str]) -> Path | None:
    if not folder:
        found = shutil.which(name, path=environ.get("PATH", ""))
        return Path(found) if found else None
    path = Path(folder).expanduser().absolute() / name
    return path if path.is_file() and os.access(path, os.X_OK) else None

"""Generate ``src/sekisho/wire/kube/data/openapi.json.xz`` and ``structure.json`` from a real API server.

The first file holds the component schemas of the served group versions as kube-apiserver publishes them,
descriptions and enumerations included (Apache-2.0, The Kubernetes Authors); the second what server-side
apply has to know of them beyond ``types.json``: which objects are atomic, and what keys of lists default to.

Run ``KUBECONFIG=... python scripts/generate_openapi_schemas.py`` with kubectl on the PATH and a
kube-apiserver of ``VERSION`` behind the kubeconfig. The same version gives the same bytes.
"""

import json
import lzma
import subprocess
import sys
from pathlib import Path

VERSION = "v1.37.2"
DATA = Path(__file__).parent.parent / "src/sekisho/wire/kube/data"
DOCUMENTS = (
    "api/v1",
    "apis/admissionregistration.k8s.io/v1",
    "apis/apps/v1",
    "apis/authentication.k8s.io/v1",
    "apis/authorization.k8s.io/v1",
    "apis/autoscaling/v1",
    "apis/batch/v1",
    "apis/coordination.k8s.io/v1",
    "apis/events.k8s.io/v1",
    "apis/networking.k8s.io/v1",
    "apis/policy/v1",
    "apis/rbac.authorization.k8s.io/v1",
)
PREFIXES = {
    "io.k8s.api.": "",
    "io.k8s.apimachinery.pkg.apis.": "",
    "io.k8s.apimachinery.pkg.api.resource.": "quantity.",
    "io.k8s.apimachinery.pkg.util.intstr.": "intstr.",
    "io.k8s.apimachinery.pkg.": "",
}
"""How components are called in ``types.json``."""


def main() -> int:
    """Write both files and say on stderr how large they are."""
    served = json.loads(_asked("/version"))["gitVersion"]
    if served != VERSION:
        sys.stderr.write(f"expected a server of {VERSION}, found {served}\n")
        return 1
    schemas: dict[str, dict[str, object]] = {}
    for path in DOCUMENTS:
        schemas |= json.loads(_asked(f"/openapi/v3/{path}"))["components"]["schemas"]
    about = {
        "source": f"the OpenAPI v3 documents of kube-apiserver {VERSION}",
        "licence": "Apache-2.0, The Kubernetes Authors",
        "generator": "scripts/generate_openapi_schemas.py",
    }
    document = {"about": about, "schemas": schemas}
    packed = lzma.compress(_compact(document).encode(), preset=9 | lzma.PRESET_EXTREME)
    (DATA / "openapi.json.xz").write_bytes(packed)
    structure = json.dumps({"about": about, **_structure(schemas)}, indent=1, sort_keys=True) + "\n"
    (DATA / "structure.json").write_text(structure)
    sys.stderr.write(f"openapi.json.xz: {len(packed)} bytes, structure.json: {len(structure)} bytes\n")
    return 0


def _asked(path: str) -> str:
    command = ["kubectl", "get", "--raw", path]  # kubectl is found on PATH
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _structure(schemas: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return the atomic components, and per component the defaults of its fields that are keys of a list."""
    atomic = sorted(
        _short(name) for name, schema in schemas.items() if schema.get("x-kubernetes-map-type") == "atomic"
    )
    defaults: dict[str, dict[str, object]] = {}
    for schema in schemas.values():
        for field in _properties(schema).values():
            items = field.get("items")
            keys = field.get("x-kubernetes-list-map-keys")
            if not isinstance(items, dict) or not isinstance(keys, list):
                continue
            component = _reference(items)
            members = _properties(schemas.get(component, {}))
            known = {key: members[key]["default"] for key in keys if "default" in members.get(key, {})}
            if known:
                defaults.setdefault(_short(component), {}).update(known)
    return {"atomic": atomic, "keyDefaults": defaults}


def _properties(schema: dict[str, object]) -> dict[str, dict[str, object]]:
    found = schema.get("properties", {})
    return found if isinstance(found, dict) else {}


def _reference(schema: dict[str, object]) -> str:
    """Return the component that ``schema`` refers to, itself or by its only ``allOf``."""
    every = schema.get("allOf")
    inner = every[0] if isinstance(every, list) else schema
    return str(inner.get("$ref", "")).rpartition("/")[2]


def _short(component: str) -> str:
    for prefix, short in PREFIXES.items():
        if component.startswith(prefix):
            return short + component.removeprefix(prefix)
    return component


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    raise SystemExit(main())

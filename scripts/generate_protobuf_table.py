"""Generate ``src/sekisho/wire/kube/data/types.json`` from the Go modules k8s.io/api and k8s.io/apimachinery.

The ``generated.proto`` files give the wire type of each field, the struct tags of the Go sources
its JSON name, whether it is a pointer, ``omitempty``, and how patches merge it. Both modules are
Apache-2.0 (The Kubernetes Authors); only names, numbers and types are taken, no prose.

Run ``python scripts/generate_protobuf_table.py`` with Go installed; the modules are fetched with
``go mod download`` and verified against the Go checksum database. The same versions give the same bytes.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

VERSION = "v0.37.2"
MODULES = ("k8s.io/api", "k8s.io/apimachinery")
OUTPUT = Path(__file__).parent.parent / "src/sekisho/wire/kube/data/types.json"

ROOTS = (
    "core/v1",
    "rbac/v1",
    "authentication/v1",
    "authentication/v1beta1",
    "authorization/v1",
    "apps/v1",
    "batch/v1",
    "policy/v1",
    "networking/v1",
    "coordination/v1",
    "events/v1",
    "autoscaling/v1",
    "autoscaling/v2",
    "admissionregistration/v1",
    "certificates/v1",
    "discovery/v1",
    "apidiscovery/v2",
)
DEPENDENCIES = ("scheduling/v1alpha3",)  # named by batch/v1; its kinds are not served
META = {
    "pkg/apis/meta/v1": "meta.v1",
    "pkg/runtime": "runtime",
    "pkg/util/intstr": "intstr",
    "pkg/api/resource": "quantity",
}

_MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(
    r"^\s*(?:(optional|repeated|required) )?(?:map<(\w+), ([\w.]+)>|([\w.]+)) (\w+) = (\d+);", re.MULTILINE
)
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_SLICE = re.compile(r"^type (\w+) \[\](\w+)", re.MULTILINE)
_TAGGED = re.compile(r"^\s+(?:(\w+)\s+)?(\S+)\s+`([^`]*protobuf:[^`]*)`")
_TAG = re.compile(r'(\w+):"([^"]*)"')
_OBJECT = re.compile(
    r"interfaces=k8s\.io/apimachinery/pkg/runtime\.Object\n(?:^//.*\n|^\n)*^type (\w+) ", re.MULTILINE
)

Row = list[object]


def main() -> int:
    """Write the table and say on stderr how large it is."""
    table = generate({module: download(module) for module in MODULES})
    OUTPUT.write_text(table)
    sys.stderr.write(f"{OUTPUT}: {len(table)} bytes\n")
    return 0


def download(module: str) -> tuple[Path, str]:
    """Return the folder and the checksum of ``module`` at ``VERSION``."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "go.mod").write_text("module table\n")
        answer = subprocess.run(
            ["go", "mod", "download", "-json", f"{module}@{VERSION}"],  # noqa: S607 - go is found on PATH
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
    found = json.loads(answer.stdout)
    return Path(found["Dir"]), found["Sum"]


def generate(modules: dict[str, tuple[Path, str]]) -> str:
    """Return the table as JSON text, one message a line."""
    api, machinery = (modules[module][0] for module in MODULES)
    packages = [(api / root, root.replace("/", ".")) for root in (*ROOTS, *DEPENDENCIES)]
    packages += [(machinery / folder, short) for folder, short in META.items()]
    messages: dict[str, dict[str, Row]] = {}
    kinds: dict[str, str] = {}
    for folder, short in packages:
        messages |= _package(folder, short)
        kinds |= {} if short.replace(".", "/") in DEPENDENCIES else _kinds(folder, short)
    _check(messages)
    header = {
        "source": {module: {"version": VERSION, "sum": modules[module][1]} for module in MODULES},
        "licence": "Apache-2.0, The Kubernetes Authors",
        "generator": "scripts/generate_protobuf_table.py",
    }
    lines = [f"{json.dumps(name)}:{_compact(messages[name])}" for name in sorted(messages)]
    return (
        f'{{"about":{json.dumps(header)},\n"kinds":{_compact(dict(sorted(kinds.items())))},\n'
        '"messages":{\n' + ",\n".join(lines) + "\n}}\n"
    )


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _package(folder: Path, short: str) -> dict[str, dict[str, Row]]:
    source = "".join(path.read_text() for path in _sources(folder))
    tags = {name: dict(_tags(body)) for name, body in _STRUCT.findall(source)}
    arrays = {name for name, item in _SLICE.findall(source) if item == "string"}
    found: dict[str, dict[str, Row]] = {}
    proto = re.sub(r"//.*", "", (folder / "generated.proto").read_text())
    for name, body in _MESSAGE.findall(proto):
        rows: dict[str, Row] = {}
        for label, key, value, plain, field, number in _FIELD.findall(body):
            if key not in ("", "string"):
                raise SystemExit(f"{short}.{name}.{field}: a map with {key} keys")
            tag = tags.get(name, {}).get(int(number))
            rows[number] = _row(field, _type(value or plain, short), label == "repeated", bool(key), tag)
        if name in arrays:
            rows["1"][2] = "A"  # the JSON form of the whole message is the list
        found[f"{short}.{name}"] = rows
    return found


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*.go")):
        if not path.name.endswith("_test.go") and "generated" not in path.name:
            yield path


def _tags(body: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield field number and tag facts for each tagged line of a struct body."""
    marks: dict[str, list[str]] = defaultdict(list)
    for line in body.splitlines():
        mark = re.match(r"\s*// \+(\w+)(?:=(\S+))?", line)
        if mark:
            marks[mark[1]].append(mark[2] or "")
        tagged = _TAGGED.match(line)
        pairs = dict(_TAG.findall(tagged[3])) if tagged else {}
        if tagged and "," in pairs["protobuf"]:
            name, *options = pairs.get("json", "").split(",")
            number = int(pairs["protobuf"].split(",")[1])
            facts: dict[str, object] = {
                "name": name,
                "inline": "inline" in options,
                "pointer": tagged[2].startswith("*"),
                "omitempty": "omitempty" in options or "omitzero" in options,
                "required": "optional" not in marks
                and "omitempty" not in options
                and "omitzero" not in options,
                "strategy": pairs.get("patchStrategy", ""),
                "mergeKey": pairs.get("patchMergeKey", ""),
                "listType": (marks.get("listType") or [""])[0],
                "listMapKeys": marks.get("listMapKey", []),
                "atomic": "atomic" in marks.get("mapType", []) or "atomic" in marks.get("structType", []),
            }
            yield number, facts
        if line.strip() and not line.strip().startswith("//"):
            marks.clear()


def _row(field: str, type_: str, repeated: bool, is_map: bool, tag: dict[str, object] | None) -> Row:
    if tag is None:  # messages that Go writes by hand: Time, Quantity, IntOrString
        return [field, type_, "r" if repeated else "p"]
    flags = [
        ("i", tag["inline"]),
        ("m", is_map),
        ("r", repeated),
        ("p", tag["pointer"]),
        ("o", tag["omitempty"]),
        ("q", tag["required"]),
        ("a", tag["atomic"]),
    ]
    row: Row = ["" if tag["inline"] else tag["name"], type_, "".join(letter for letter, on in flags if on)]
    more = {key: tag[key] for key in ("strategy", "mergeKey", "listType", "listMapKeys") if tag[key]}
    if more:
        row.append(more)
    return row


def _type(name: str, short: str) -> str:
    if name in {"string", "bool", "bytes", "int32", "int64", "uint32", "uint64", "double", "float"}:
        return name
    if "." not in name:
        return f"{short}.{name}"
    name = name.removeprefix(".")
    for folder, meta in META.items():
        prefix = "k8s.io.apimachinery." + folder.replace("/", ".") + "."
        if name.startswith(prefix):
            return f"{meta}.{name.removeprefix(prefix)}"
    return name.removeprefix("k8s.io.api.")


def _kinds(folder: Path, short: str) -> dict[str, str]:
    register = folder / "register.go"
    if not register.exists():
        return {}
    group = re.search(r'const GroupName = "([^"]*)"', register.read_text())
    if group is None:
        return {}
    prefix = f"{group[1]}/{folder.name}" if group[1] else folder.name
    source = "".join(path.read_text() for path in _sources(folder))
    return {f"{prefix}/{kind}": f"{short}.{kind}" for kind in _OBJECT.findall(source)}


def _check(messages: dict[str, dict[str, Row]]) -> None:
    scalars = {"string", "bool", "bytes", "int32", "int64", "uint32", "uint64", "double", "float"}
    for name, rows in messages.items():
        for row in rows.values():
            if row[1] not in scalars and row[1] not in messages:
                raise SystemExit(f"{name}: unknown type {row[1]}")


if __name__ == "__main__":
    raise SystemExit(main())

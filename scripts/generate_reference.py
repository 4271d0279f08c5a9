"""Write the pages of ``docs/reference`` that the code itself can tell.

They are codes, commands, operations and the JSON Schema of world files.
``python scripts/generate_reference.py`` writes them; with ``--check`` it writes nothing and its exit
code is 1 if a page is out of date.
"""

import ast
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

import sekisho
from sekisho.cli.codes.page import families, page_of
from sekisho.cli.codes.render import link_to, markdown
from sekisho.cli.main import COMMANDS, Command
from sekisho.decide.decision.code import ReasonCode
from sekisho.facts.world.schema import world_schema
from sekisho.lab.aws.moto.operations import OPERATIONS as MOTO_OPERATIONS
from sekisho.lab.aws.services import OPERATIONS, served
from sekisho.wire.errors import MALFORMED
from sekisho.wire.kube.registry import RESOURCES, Resource

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference"
SOURCES = ROOT / "src"
NOTE = "<!-- Written by scripts/generate_reference.py; do not edit. -->\n"

_CODE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
_AREAS = {
    *(
        "aws",
        "aws-auth",
        "clock",
        "document",
        "facts",
        "file",
        "identity",
        "issuer",
        "json",
        "kube",
        "kubeconfig",
        "login",
        "map",
    ),
    *("protobuf", "question", "rbac", "request", "token", "tour", "yaml", "world"),
}
"""What the codes of malformed input begin with."""


def main() -> int:
    """Write or check every page; return the exit code."""
    pages = {
        "codes.md": codes_page(),
        "cli.md": cli_page(),
        "operations.md": operations_page(),
        "world-file.schema.json": schema_page(),
        **family_pages(),
    }
    if "--check" not in sys.argv[1:]:
        for name, text in pages.items():
            (PAGES / name).parent.mkdir(exist_ok=True)
            (PAGES / name).write_text(text, encoding="utf-8")
        return 0
    stale = [name for name, text in pages.items() if _stored(name) != text]
    for name in stale:
        print(f"docs/reference/{name} is out of date: run python scripts/generate_reference.py")
    return 1 if stale else 0


def _stored(name: str) -> str:
    path = PAGES / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def schema_page() -> str:
    """Return the JSON Schema of world files, as `sekisho world schema` prints it."""
    return json.dumps(world_schema(), indent=2, ensure_ascii=False) + "\n"


# --- codes.md -------------------------------------------------------------------------------------------


def codes_page() -> str:
    """Return the table of every reason code and of every code of malformed input."""
    by_room: dict[str, list[ReasonCode]] = {}
    for kind in reason_code_classes():
        by_room.setdefault(room_of(kind), []).extend(kind)
    lines = [
        NOTE,
        "# Codes",
        "",
        "A reason code is stable: it is in `-o json`, in the journal and in brackets behind each sentence. A",
        "code is never renamed. The sentences may change; `{names}` in them are filled from the facts of the",
        "step.",
        "",
        "A code that refuses leads to its page: what it means, how it comes about, an example that a test",
        "runs, and what to do. `sekisho explain CODE` prints the same.",
        "",
        "Codes that begin with `aws.` and end in one of AWS's own error codes (`aws.NoSuchEntity`) are in",
        "the journal only: the request passed identity, and the service itself refused it.",
        "",
        "## Reasons",
    ]
    for room in sorted(by_room):
        lines += ["", f"### `{room}`", "", "| code | sentence |", "| --- | --- |"]
        lines += [f"| {_linked(code)} | {_cell(code.sentence)} |" for code in sorted(by_room[room], key=str)]
    lines += [
        "",
        "## Malformed input",
        "",
        "A document or a question that cannot be understood is an error (exit code 2) with its place, what",
        "was expected and, where there is one, a hint. It is never a refusal.",
        "",
        "| code | raised in |",
        "| --- | --- |",
    ]
    found = input_codes()
    for code in sorted(found):
        rooms = ", ".join(f"`{room}`" for room in sorted(found[code]))
        lines.append(f"| `{code}` | {rooms} |")
    return "\n".join(lines) + "\n"


def family_pages() -> dict[str, str]:
    """Return the page of each family of codes, from the text that ``sekisho explain`` prints."""
    codes = {str(code): code for kind in reason_code_classes() for code in kind}
    return {f"codes/{family}.md": markdown(page_of(family), codes, NOTE) for family in families()}


def _linked(code: ReasonCode) -> str:
    return f"[`{code}`]({link_to(code)})"


def reason_code_classes() -> tuple[type[ReasonCode], ...]:
    """Return every class of reason codes of ours, after every module has been imported."""
    for module in pkgutil.walk_packages(sekisho.__path__, "sekisho."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    own = [kind for kind in ReasonCode.__subclasses__() if kind.__module__.startswith("sekisho.")]
    return tuple(sorted(own, key=lambda kind: (kind.__module__, kind.__name__)))


def room_of(kind: type) -> str:
    """Return the package of a class, as it is walked to: ``decide/rbac``."""
    return "/".join(kind.__module__.split(".")[1:-1])


def input_codes() -> dict[str, set[str]]:
    """Return the rooms that raise each code of malformed input: literals in the sources, and fault enums."""
    reasons = {str(code) for kind in reason_code_classes() for code in kind}
    found: dict[str, set[str]] = {MALFORMED: {"wire"}}
    for path in sorted((SOURCES / "sekisho").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "InputFault" in text or "SekishoInputError" in text:
            room = path.relative_to(SOURCES / "sekisho").parent.as_posix()
            for code in _literal_codes(ast.parse(text)):
                found.setdefault(code, set()).add(room)
    for kind in _fault_enums():
        for member in kind:
            found.setdefault(str(member), set()).add(room_of(kind))
    return {code: rooms for code, rooms in found.items() if code not in reasons}


def _literal_codes(tree: ast.Module) -> Iterator[str]:
    """Yield what has the form of a code and stands first in a call or in a tuple."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            first = node.args[0] if node.args and called != "startswith" else None
        else:
            first = node.elts[0] if isinstance(node, ast.Tuple) and node.elts else None
        value = first.value if isinstance(first, ast.Constant) else None
        if isinstance(value, str) and _CODE.fullmatch(value) and value.partition(".")[0] in _AREAS:
            yield value


def _fault_enums() -> Iterator[type[StrEnum]]:
    """Yield the enums called ``FaultCode``, wherever they are."""
    for kind in StrEnum.__subclasses__():
        if kind.__name__ == "FaultCode" and kind.__module__.startswith("sekisho."):
            yield kind


# --- cli.md ---------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Return the commands with their arguments and options, as their help says."""
    lines = [
        NOTE,
        "# Command line",
        "",
        "    sekisho COMMAND [OPTIONS]",
        "",
        "Data goes to standard output, everything else to standard error. Exit codes:",
        "",
        "| code | meaning |",
        "| --- | --- |",
        "| 0 | allowed, or done |",
        "| 1 | denied, or refused |",
        "| 2 | bad usage, or input that cannot be understood |",
        "| 3 | unknown: a fact that decides was not read |",
        "| 4 | the environment failed: no lab, no network, no credentials |",
        "",
        "`sekisho --help` lists the commands, `sekisho --version` tells the version,",
        "`sekisho --install-completion` sets up completion for the current shell.",
    ]
    for name, command in COMMANDS.items():
        lines += ["", f"## sekisho {name}", *_command_lines(f"sekisho {name}", click_command(command))]
    return "\n".join(lines) + "\n"


def click_command(command: Command) -> Any:
    """Return what the command line library makes of a command."""
    function = getattr(importlib.import_module(f"sekisho.cli.{command.module}"), command.name)
    if isinstance(function, typer.Typer):
        return get_command(function)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(function)
    return get_command(app)


def _command_lines(path: str, command: Any) -> Iterator[str]:
    if command.help:
        yield ""
        yield from _paragraphs(command.help)
    members = getattr(command, "commands", None)
    if members is not None:
        for name, member in members.items():
            yield ""
            yield f"### {path} {name}"
            yield from _command_lines(f"{path} {name}", member)
        return
    rows = [row for param in command.params if (row := _parameter_row(param)) is not None]
    if rows:
        yield ""
        yield "| argument or option | value | meaning |"
        yield "| --- | --- | --- |"
        yield from rows


def _paragraphs(text: str) -> Iterator[str]:
    """Yield help as Markdown: examples as code, the rest as it is."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        joined = " ".join(paragraph.split())
        if number:
            yield ""
        head, colon, rest = joined.partition("Example: ")
        yield f"    {rest}" if colon and not head else joined


def _parameter_row(param: Any) -> str | None:
    if param.name in ("help", "install_completion", "show_completion"):
        return None
    spelled = ", ".join(opt if opt.startswith("-") else opt.upper() for opt in param.opts)
    annotation = param.type_descriptor.annotation
    if getattr(param, "is_flag", False):
        value = ""
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        value = ", ".join(f"`{choice.value}`" for choice in annotation)
    else:
        value = "text, may be repeated" if getattr(param, "multiple", False) else "text"
    told = _cell(getattr(param, "help", None) or "")
    default = getattr(param.default, "value", param.default)
    if param.required:
        told += " Required."
    elif isinstance(default, str) and default:
        told += f" Default: `{default}`."
    return f"| `{spelled}` | {value} | {told} |"


# --- operations.md --------------------------------------------------------------------------------------


def operations_page() -> str:
    """Return what the lab serves: AWS operations, Kubernetes resources and verbs."""
    lines = [
        NOTE,
        "# What the lab serves",
        "",
        "Everything else is refused with a sentence (`SekishoUnserved` on AWS's side, a Status on",
        "Kubernetes' side) and is never sent to AWS.",
        "",
        "## AWS operations",
        "",
        "Each request is checked first: signature, then the permissions that it needs.",
    ]
    for service in sorted(OPERATIONS):
        names = served(service)
        lines += ["", f"### {service} ({len(names)})", "", *(f"- {name}" for name in names)]
    lines += [
        "",
        "### Behind the same checks, answered by moto",
        "",
        *(f"- {name}: {', '.join(sorted(MOTO_OPERATIONS[name]))}" for name in sorted(MOTO_OPERATIONS)),
        "",
        "## Kubernetes resources",
        "",
        "The API of each cluster. Subresources stand in discovery, and RBAC decides about them; a request",
        "for one that is allowed is answered with 400: none is served yet.",
        "",
        "| resource | API version | kind | verbs | subresources |",
        "| --- | --- | --- | --- | --- |",
        *(_resource_row(resource) for resource in RESOURCES),
    ]
    return "\n".join(lines) + "\n"


def _resource_row(resource: Resource) -> str:
    subresources = ", ".join(f"`{sub.name}`" for sub in resource.subresources)
    cells = (f"`{resource.plural}`", f"`{resource.at.api_version}`", resource.kind, " ".join(resource.verbs))
    return f"| {' | '.join(cells)} | {subresources} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    sys.exit(main())

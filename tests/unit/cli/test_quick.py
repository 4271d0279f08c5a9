"""Plain arguments: read as the command line library reads them, or left to it."""

from enum import StrEnum
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from sekisho.cli.errors import report
from sekisho.cli.quick import plain_arguments


class Form(StrEnum):
    JSON = "json"
    TEXT = "text"


heard: list[dict[str, Any]] = []


@report()
def command(
    name: Annotated[str, typer.Option("--name")],
    role: Annotated[str | None, typer.Option("--role-arn", "--role")] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache")] = False,
    output: Annotated[Form, typer.Option("--output", "-o")] = Form.JSON,
) -> None:
    """Remember the arguments."""
    heard.append({"name": name, "role": role, "no_cache": no_cache, "output": output})


PLAIN: dict[str, tuple[list[str], dict[str, object]]] = {
    "one option": (["--name", "c"], {"name": "c"}),
    "with an equals sign": (["--name=c"], {"name": "c"}),
    "a value with an equals sign": (["--name=a=b", "--role", "c=d"], {"name": "a=b", "role": "c=d"}),
    "an empty value": (["--name", ""], {"name": ""}),
    "another spelling": (["--name", "c", "--role-arn", "r"], {"name": "c", "role": "r"}),
    "a flag": (["--no-cache", "--name", "c"], {"name": "c", "no_cache": True}),
    "a choice": (["-o", "text", "--name", "c"], {"name": "c", "output": Form.TEXT}),
}


@pytest.mark.parametrize(("arguments", "values"), PLAIN.values(), ids=PLAIN.keys())
def test_plain_arguments_mean_what_the_library_makes_of_them(
    arguments: list[str], values: dict[str, object]
) -> None:
    app = typer.Typer(add_completion=False)
    app.command()(command)
    heard.clear()
    found: Any = plain_arguments(command, arguments)
    assert found == values
    command(**found)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert heard[0] == heard[1]


LEFT = {
    "nothing, though a name is required": [],
    "help": ["--name", "c", "--help"],
    "an unknown option": ["--name", "c", "--nope"],
    "an abbreviation": ["--nam", "c"],
    "a missing value": ["--name"],
    "an option in place of a value": ["--name", "--no-cache"],
    "a flag with a value": ["--name", "c", "--no-cache=1"],
    "an unknown choice": ["--name", "c", "-o", "xml"],
    "a short option with its value attached": ["--name", "c", "-otext"],
    "an option twice": ["--name", "c", "--name", "d"],
    "a positional argument": ["c"],
    "end of options": ["--name", "c", "--"],
}


@pytest.mark.parametrize("arguments", LEFT.values(), ids=LEFT.keys())
def test_anything_else_is_left_to_the_library(arguments: list[str]) -> None:
    assert plain_arguments(command, arguments) is None


def test_parameters_of_other_kinds_are_left_to_the_library() -> None:
    def other(
        many: Annotated[list[str] | None, typer.Option("--many")] = None,
        what: Annotated[str, typer.Argument()] = "",
        plain: str = "",
    ) -> None:
        """Do nothing."""

    assert plain_arguments(other, ["--many", "a"]) is None
    assert plain_arguments(other, ["a"]) is None
    assert plain_arguments(other, ["--plain", "a"]) is None
    assert plain_arguments(other, []) == {}

"""The command line: which command is meant, and only its module is loaded.

``sekisho --help`` and kubectl's calls of ``sekisho token`` have to answer at once, so the
table below is all that a start reads.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sekisho import __version__

BAD_USAGE = 2


@dataclass(frozen=True, slots=True)
class Command:
    """A command: where its function (or its group of commands) is, and its line in the help."""

    group: str
    module: str
    name: str
    help: str


COMMANDS: dict[str, Command] = {
    "up": Command("Run", "lifecycle", "up", "Start the lab: a local AWS and EKS on loopback."),
    "down": Command("Run", "lifecycle", "down", "Stop the lab; its state stays."),
    "status": Command("Run", "lifecycle", "status", "Show the running lab: doors, accounts, clusters."),
    "env": Command("Run", "lifecycle", "env", "Print the shell lines that point clients at the lab."),
    "world": Command("Run", "world", "app", "Save, load and check the lab's world as a file."),
    "clock": Command("Run", "clock", "clock", "Show or move the lab's time."),
    "watch": Command("Run", "watch", "watch", "Follow the lab's decisions, one line each."),
    "tour": Command("Run", "tour", "app", "Walk through an article with the real clients."),
    "can": Command("Ask", "can", "can", "May somebody do something? Yes or no."),
    "why": Command("Ask", "why", "why", "Why may somebody, or why not: every checkpoint, and the repair."),
    "explain": Command("Ask", "explain_code", "explain", "What a reason code means, and what to do."),
    "who-can": Command("Ask", "who_can", "who_can", "Who may do something, and on which way."),
    "whoami": Command("Ask", "whoami", "whoami", "Who you are for AWS and for a cluster."),
    "workloads": Command(
        "Review", "workloads", "workloads", "How every service account reaches AWS: works, broken, unused."
    ),
    "policy": Command("Review", "policy", "app", "Check IAM policy documents."),
    "serve": Command("Serve", "serve.commands", "app", "Put a single checkpoint in front of a real cluster."),
    "map": Command("Credentials", "map", "app", "List and change IAM identity mappings (aws-auth)."),
    "token": Command(
        "Credentials", "token", "token", "Print a cluster token (drop-in for aws eks get-token)."
    ),
    "login": Command("Credentials", "login", "login", "Sign in at an OpenID Connect issuer, for kubectl."),
    "kubeconfig": Command("Credentials", "kubeconfig", "kubeconfig", "Write a cluster into a kubeconfig."),
}

_PLAINLY_READ = frozenset({"down", "env", "login", "status", "token", "up", "watch"})
"""Commands that have only options: `quick` reads them without the command line library."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that ``arguments`` (the process's own by default) name."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "_SEKISHO_COMPLETE" in os.environ or words[:1] in (["--install-completion"], ["--show-completion"]):
        _whole_app()(args=words, prog_name="sekisho")
        return
    first = words[0] if words else "--help"
    if first in ("-h", "--help", "help"):
        sys.stdout.write(_help())
    elif first in ("-V", "--version"):
        sys.stdout.write(f"sekisho {__version__}\n")
    elif first in COMMANDS:
        _run(first, words[1:])
    else:
        sys.stderr.write(_unknown(first))
        raise SystemExit(BAD_USAGE)


def _run(name: str, words: list[str]) -> None:
    command = COMMANDS[name]
    function = getattr(import_module(f"sekisho.cli.{command.module}"), command.name)
    if name in _PLAINLY_READ:
        from sekisho.cli.quick import plain_arguments

        plain = plain_arguments(function, words)
        if plain is not None:
            function(**plain)
            return
    _app_of(function)(args=words, prog_name=f"sekisho {name}")


def _app_of(function: Any) -> Any:
    import typer

    if isinstance(function, typer.Typer):
        return function
    app = _typer()
    app.command()(function)
    return app


def _whole_app() -> Any:
    """Return every command in one application: what shell completion asks."""
    import typer

    app = _typer(completion=True)
    for name, command in COMMANDS.items():
        function = getattr(import_module(f"sekisho.cli.{command.module}"), command.name)
        if isinstance(function, typer.Typer):
            app.add_typer(function, name=name)
        else:
            app.command(name)(function)
    return app


def _typer(*, completion: bool = False) -> Any:
    import typer

    return typer.Typer(
        add_completion=completion,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _help() -> str:
    lines = ["Usage: sekisho COMMAND [OPTIONS]", "", "The identity plane of Amazon EKS as a program.", ""]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines.append(f"{group}:")
        lines += [f"  {name:<11} {c.help}" for name, c in COMMANDS.items() if c.group == group]
        lines.append("")
    lines += [
        "Try:",
        '  sekisho up --detach && eval "$(sekisho env)"',
        "  sekisho why --last",
        "",
        "`sekisho COMMAND --help` tells a command's options. Data goes to stdout, all else to stderr.",
        "Exit codes: 0 allowed, 1 denied, 2 bad input, 3 unknown, 4 the environment failed.",
        "Completion: sekisho --install-completion",
    ]
    return "\n".join(lines) + "\n"


def _unknown(word: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, COMMANDS, 1)
    hint = f"did you mean `{close[0]}`?" if close else "`sekisho --help` lists the commands"
    return f"sekisho: there is no command `{word[:100]}`; {hint}\n"

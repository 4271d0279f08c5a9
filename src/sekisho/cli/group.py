"""A command that has commands of its own, such as ``sekisho map``."""

import typer


def command_group(name: str, about: str) -> typer.Typer:
    """Return an empty group of commands that shows its help, ``about`` first, when none is named."""
    return typer.Typer(
        name=name,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

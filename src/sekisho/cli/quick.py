"""Read a command's arguments without the command line library, where they are plain.

kubectl starts ``sekisho token`` for every call, and the library spends more time on reading its
arguments than the command on its answer; so it does for the commands that start or ask a lab. The
options are taken from the command's own signature, so they are written down once. Whatever is not
plain (help, an unknown option, a missing value, a choice that does not exist) is left to the library,
which knows how to say what is wrong.
"""

import inspect
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Annotated, get_args, get_origin, get_type_hints


def plain_arguments(command: Callable[..., None], arguments: Sequence[str]) -> dict[str, object] | None:
    """Return the keyword arguments to call ``command`` with, or None to leave ``arguments`` to the library.

    Plain are ``--flag``, ``--option VALUE``, ``--option=VALUE`` and ``-o VALUE``, each option at most once.
    """
    options = _options(command)
    values: dict[str, object] = {}
    rest = iter(arguments)
    for argument in rest:
        spelling, has_value, value = (
            argument.partition("=") if argument.startswith("--") else (argument, "", "")
        )
        if spelling not in options:
            return None
        name, kind = options[spelling]
        given = value if has_value else True if kind is bool else next(rest, None)
        # A value that starts with a dash may be an option whose predecessor lacks its value.
        if name in values or given is None or (isinstance(given, str) and (kind is bool or given[:1] == "-")):
            return None
        if isinstance(given, str) and issubclass(kind, Enum):
            if given not in {str(member.value) for member in kind}:
                return None
            values[name] = kind(given)
        else:
            values[name] = given
    required = {
        name for name, kind in _parameters(command).items() if kind.default is inspect.Parameter.empty
    }
    return values if required <= values.keys() else None


def _parameters(command: Callable[..., None]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(command).parameters)


def _options(command: Callable[..., None]) -> dict[str, tuple[str, type]]:
    """Return, for each spelling of an option, its parameter and what a value becomes (bool: a flag)."""
    hints = get_type_hints(inspect.unwrap(command), include_extras=True)
    found: dict[str, tuple[str, type]] = {}
    for name in _parameters(command):
        hint = hints[name]
        if get_origin(hint) is not Annotated:
            continue
        annotated, *notes = get_args(hint)
        kind = next((part for part in get_args(annotated) if part is not type(None)), annotated)
        # In an annotation the library puts the first spelling where the default goes.
        first = getattr(notes[0], "default", None)
        for spelling in (first, *(getattr(notes[0], "param_decls", None) or ())):
            if (
                isinstance(spelling, str)
                and isinstance(kind, type)
                and (kind in (bool, str) or issubclass(kind, Enum))
            ):
                found[spelling] = (name, kind)
    return found

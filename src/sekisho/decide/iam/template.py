"""Text with wildcards and policy variables (IAM User Guide, "IAM policy elements: Variables and tags").

``${key}`` stands for a context key, ``${key, 'default'}`` for one that may be missing,
``${*}``, ``${?}`` and ``${$}`` for the characters themselves. What is put in is literal: a
user called ``*`` gains nothing. A variable whose key is missing, or holds several values,
makes the whole text match nothing.

Documents without ``Version`` 2012-10-17 have no variables: there ``${`` is plain text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from sekisho.decide.iam.kleene import Truth
from sekisho.decide.request.aws_request import NO_CONTEXT, Context
from sekisho.decide.values import Wildcard

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_LITERALS = frozenset("*?$")
_ARN_SECTIONS = 6


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Characters that stand for themselves, wildcards included."""

    text: str

    def __str__(self) -> str:
        return f"${{{self.text}}}"


@dataclass(frozen=True, slots=True)
class Variable:
    """A context key, lower-cased, and what stands for it when it is missing."""

    key: str
    default: str | None = None

    def __str__(self) -> str:
        return f"${{{self.key}}}" if self.default is None else f"${{{self.key}, '{self.default}'}}"


class Unresolved(Enum):
    """Why a variable has no text."""

    ABSENT = "absent"
    UNREAD = "unread"


Part = str | Verbatim | Variable


def parse_parts(text: str, *, variables: bool) -> tuple[Part, ...]:
    """Split ``text`` into plain runs and variables; total, since ``${`` of no known form is plain text."""
    if not variables or "${" not in text:
        return (text,)
    parts: list[Part] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        part = _variable(found.group(1))
        if part is not None:
            parts += [text[end : found.start()], part]
            end = found.end()
    parts.append(text[end:])
    return tuple(part for part in parts if part != "") or ("",)


def variable_names(text: str) -> tuple[str, ...]:
    """Return the keys of the variables in ``text``, in order and as it spells them; total."""
    inner = (found.group(1) for found in _VARIABLE.finditer(text))
    return tuple(one.partition(",")[0].strip() for one in inner if isinstance(_variable(one), Variable))


def _variable(inner: str) -> Part | None:
    if inner in _LITERALS:
        return Verbatim(inner)
    # Split and not matched: an expression that skips spaces on both sides tries every way to share them.
    key, comma, rest = inner.partition(",")
    key, default = key.strip(), rest.strip()
    if not key or "'" in key:
        return None
    if not comma:
        return Variable(key.lower())
    is_quoted = len(default) > 1 and default[0] == default[-1] == "'" and "'" not in default[1:-1]
    return Variable(key.lower(), default[1:-1]) if is_quoted else None


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text: a pattern (`matches`) or a literal (`text`), depending on who asks."""

    parts: tuple[Part, ...]
    _fixed: Wildcard | None = field(init=False, repr=False, compare=False, default=None)
    _plain: str | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.variables:
            return
        first, *more = self.parts
        fixed = Wildcard(first) if isinstance(first, str) and not more else self._pattern(NO_CONTEXT)
        object.__setattr__(self, "_fixed", fixed)
        object.__setattr__(self, "_plain", self.text(NO_CONTEXT))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The context keys that the text depends on."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    @property
    def source(self) -> str:
        """The text as a policy writes it; names of variables in lower case."""
        return "".join(part if isinstance(part, str) else str(part) for part in self.parts)

    @property
    def literal(self) -> str | None:
        """The one text that fits, None if more than one may."""
        fixed = self._fixed
        return fixed.pattern if fixed is not None and fixed.is_literal else None

    @property
    def fits_everything(self) -> bool:
        """Whether every text fits."""
        return self.parts == ("*",)

    def matches(self, text: str, context: Context) -> Truth:
        """Tell whether all of ``text`` fits, ``*`` and ``?`` being wildcards; None if that is unread."""
        if self._fixed is not None:
            return self._fixed.matches(text)
        pattern = self._pattern(context)
        if isinstance(pattern, Wildcard):
            return pattern.matches(text)
        if pattern is Unresolved.ABSENT:
            return False
        # Whatever the unread variables turn out to be, the rest has to fit around them.
        widest = self._pattern(context, unread_is_any=True)
        return None if isinstance(widest, Wildcard) and widest.matches(text) else False

    def text(self, context: Context) -> str | Unresolved:
        """Return the text with variables filled in, wildcards being plain characters."""
        if self._plain is not None:
            return self._plain
        filled = self._filled(context)
        return filled if isinstance(filled, Unresolved) else "".join(text for text, _ in filled)

    def _pattern(self, context: Context, *, unread_is_any: bool = False) -> Wildcard | Unresolved:
        filled = self._filled(context, unread_is_any=unread_is_any)
        return filled if isinstance(filled, Unresolved) else _compiled(tuple(filled))

    def _filled(
        self, context: Context, *, unread_is_any: bool = False
    ) -> list[tuple[str, bool]] | Unresolved:
        filled: list[tuple[str, bool]] = []
        unread = False
        for part in self.parts:
            if not isinstance(part, Variable):
                filled.append((part, False) if isinstance(part, str) else (part.text, True))
                continue
            value = context.value(part.key)
            if value is None and context.is_unread(part.key):
                unread = True
                filled.append(("*", False))
                continue
            value = part.default if value is None else value
            if not isinstance(value, str):
                return Unresolved.ABSENT
            filled.append((value, True))
        return Unresolved.UNREAD if unread and not unread_is_any else filled


@lru_cache(maxsize=4096)
def _compiled(filled: tuple[tuple[str, bool], ...]) -> Wildcard:
    """Compile a pattern once for each caller who fills it in the same way."""
    return Wildcard.with_verbatim(filled)


def template(text: str, *, variables: bool) -> Template:
    """Return the compiled ``text``."""
    return Template(parse_parts(text, variables=variables))


@lru_cache(maxsize=4096)
def sections_of(parts: tuple[Part, ...]) -> tuple[Template, ...]:
    """Return the sections of an ARN pattern: split at the first five colons outside variables."""
    found: list[list[Part]] = [[]]
    for part in parts:
        if not isinstance(part, str):
            found[-1].append(part)
            continue
        first, *rest = part.split(":", _ARN_SECTIONS - len(found))
        found[-1].append(first)
        found.extend([run] for run in rest)
    return tuple(Template(_without_empty(section)) for section in found)


def _without_empty(section: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(part for part in section if part != "") or ("",)

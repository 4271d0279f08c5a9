"""A credential that cannot be printed by accident."""

import hmac


class Secret:
    """Text that never shows in ``str``, ``repr``, a format or a pickle; compared in constant time."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. Every call of this is worth a look in review."""
        return self._text

    def matches(self, other: str) -> bool:
        """Tell whether ``other`` is the same text, in time that does not depend on where they differ."""
        # "surrogatepass": what a client sends as `\ud800` in JSON is compared, not an error.
        ours, theirs = (text.encode("utf-8", "surrogatepass") for text in (self._text, other))
        return hmac.compare_digest(ours, theirs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._text)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not serialised")

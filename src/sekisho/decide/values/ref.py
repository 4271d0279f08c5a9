"""A place in the user's own document: what every step, fault and repair points at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """``document`` names a file or object, ``pointer`` a place in it (RFC 6901).

    Documents are spelled so that a person recognises them: a file name, an ARN
    (``arn:aws:iam::111122223333:role/app``) or a Kubernetes object
    (``configmap/kube-system/aws-auth``). File and line are found by a second
    scan (`documents.line_of`), only when something is reported.
    """

    document: str
    pointer: str = ""

    def child(self, *tokens: str | int) -> "Ref":
        """Return the place reached by following member names and indexes from here."""
        escaped = (str(token).replace("~", "~0").replace("/", "~1") for token in tokens)
        return Ref(self.document, "".join([self.pointer, *(f"/{token}" for token in escaped)]))

    def tokens(self) -> tuple[str, ...]:
        """Return the unescaped member names and indexes of the pointer."""
        if not self.pointer:
            return ()
        return tuple(token.replace("~1", "/").replace("~0", "~") for token in self.pointer[1:].split("/"))

    def __str__(self) -> str:
        return f"{self.document}#{self.pointer}" if self.pointer else self.document

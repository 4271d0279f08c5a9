"""What a service says of a request it refuses to read: codes and sentences, per service.

AWS's services share one validator ("1 validation error detected: ...") and differ in the
code it answers with; EC2 has sentences of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sekisho.wire.aws.shape import Member, Protocol
from sekisho.wire.errors import WireError

_CODES = {
    # Amazon EKS API Reference, "Common errors" of each operation.
    "eks": "InvalidParameterException",
    "eks-auth": "InvalidParameterException",
    # Amazon Cognito user pools API Reference: constraint violations included.
    "cognito-idp": "InvalidParameterException",
    "cognito-identity": "InvalidParameterException",
    # AWS Organizations API Reference, InvalidInputException, "INVALID_PATTERN" and its siblings.
    "organizations": "InvalidInputException",
    "s3": "InvalidArgument",
}
_DEFAULT_CODES = {
    Protocol.QUERY: "ValidationError",
    Protocol.EC2: "InvalidParameterValue",
    Protocol.JSON: "ValidationException",
    Protocol.REST_JSON: "ValidationException",
    Protocol.REST_XML: "InvalidInput",
}
_MAX_SHOWN_CHARS = 1024


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint a parameter fails. ``at`` is the parameter as AWS writes it (``tags.1.member.key``)."""

    at: str
    shown: str
    constraint: str
    is_missing: bool = False

    def __str__(self) -> str:
        return f"{self.shown} at '{self.at}' failed to satisfy constraint: {self.constraint}"


class Complaints:
    """Makes the refusals of one service."""

    __slots__ = ("_code", "_protocol")

    def __init__(self, service: str, protocol: Protocol) -> None:
        self._protocol = protocol
        self._code = _CODES.get(service, _DEFAULT_CODES[protocol])

    def violations(self, found: Sequence[Violation]) -> WireError:
        """Return the refusal of a request that fails ``found`` (never empty)."""
        if self._protocol is Protocol.EC2:
            return self._ec2(found[0])
        noun = "error" if len(found) == 1 else "errors"
        sentence = f"{len(found)} validation {noun} detected: {'; '.join(map(str, found))}"
        return WireError("parameters", sentence, code=self._code)

    def not_of_type(self, path: str, member: Member, text: str | None, expected: str) -> WireError:
        """Return the refusal of a value that is not of its type; ``text`` is None where it has none."""
        shown = shown_value(member, text) if text is not None else "Value"
        return self.violations([Violation(aws_path(path), shown, f"Member must be {expected}")])

    def _ec2(self, first: Violation) -> WireError:
        # Amazon EC2 API Reference, "Error codes": MissingParameter, InvalidParameterValue.
        name = first.at[:1].upper() + first.at[1:]
        if first.is_missing:
            sentence = f"The request must contain the parameter {name}"
            return WireError("parameters", sentence, code="MissingParameter")
        value = first.shown.removeprefix("Value").strip().strip("'")
        sentence = f"Value ({value}) for parameter {name} is invalid. {first.constraint}"
        return WireError("parameters", sentence, code=self._code)


def shown_value(member: Member, text: str) -> str:
    """Return ``Value 'text'``, without the text where the model calls it sensitive."""
    return "Value" if member.shape.is_sensitive else f"Value '{text[:_MAX_SHOWN_CHARS]}'"


def aws_path(path: str) -> str:
    """Return ``RoleName`` as ``roleName`` and ``Tags.1.Key`` as ``tags.1.member.key``."""
    tokens: list[str] = []
    for token in path.split("."):
        tokens.append(token[:1].lower() + token[1:])
        if token.isdecimal():
            tokens.append("member")
    return ".".join(tokens)

"""PolicyExclusionList: which of an entity's policies a simulation leaves out.

Source: IAM API Reference, "PolicyIdentifier". Identifiers of resource control policies are ignored, as AWS
does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sekisho.decide.values import Arn, Wildcard
from sekisho.lab.aws.iam.errors import invalid_input
from sekisho.lab.aws.iam.simulation.sources import Held, holder_type
from sekisho.lab.aws.operation import Parameters

_MEMBERS = ("PolicyType", "PolicyArn", "InlinePolicyIdentifier")
_POLICY = re.compile(r"arn:[a-z-]+:iam::(aws|[0-9]{12}):policy/[^*]*\*?[^*]*", re.ASCII)
_OWN = "user-managed"
_AWS = "aws-managed"
_INLINE = "inline"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What is left out: types of policy, ARNs of managed ones, inline ones by name and holder."""

    types: frozenset[str] = frozenset()
    arns: tuple[Wildcard, ...] = ()
    inline: tuple[tuple[str, str, Wildcard], ...] = ()

    @property
    def boundary(self) -> bool:
        """Whether permissions boundaries are left out."""
        return "permission-boundary" in self.types

    @property
    def scps(self) -> bool:
        """Whether service control policies are left out."""
        return "scp" in self.types

    def leave_out(self, held: Held) -> bool:
        """Tell whether an attached or inline policy is left out."""
        if not held.arn:
            return _INLINE in self.types or any(
                name == held.name and kind == holder_type(held.holder) and pattern.matches(held.holder.name)
                for name, kind, pattern in self.inline
            )
        type_ = _AWS if Arn.parse(held.arn).account == "aws" else _OWN
        return type_ in self.types or any(pattern.matches(held.arn) for pattern in self.arns)


def read_exclusions(parameters: Parameters) -> Exclusions:
    """Return what PolicyExclusionList leaves out.

    Raises:
        AwsError: InvalidInput: not exactly one member, not the ARN of a policy, a wildcard where none may be.
    """
    given: Iterable[Mapping[str, Any]] = parameters.get("PolicyExclusionList") or ()
    types: set[str] = set()
    arns: list[Wildcard] = []
    inline: list[tuple[str, str, Wildcard]] = []
    for number, identifier in enumerate(given, 1):
        members = [member for member in _MEMBERS if identifier.get(member) is not None]
        match members:
            case ["PolicyType"]:
                types.add(identifier["PolicyType"])
            case ["PolicyArn"]:
                arn = identifier["PolicyArn"]
                if _POLICY.fullmatch(arn) is None:
                    raise invalid_input(f"ARN {arn} is not valid.")
                arns.append(Wildcard(arn))
            case ["InlinePolicyIdentifier"]:
                one = identifier["InlinePolicyIdentifier"]
                holder = Wildcard(one["AttachmentName"])
                inline.append((one["PolicyName"], one["AttachmentType"], holder))
            case _:
                one_of = f"expected exactly one of {', '.join(_MEMBERS)}"
                raise invalid_input(f"Invalid Input PolicyExclusionList.{number}: {one_of}")
    return Exclusions(frozenset(types), tuple(arns), tuple(inline))

"""The context of a simulation: ContextEntries, read by their types.

Source: IAM API Reference, "ContextEntry". Its words for a wrong value are not documented.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sekisho.decide.iam.conditions.addresses import read_network
from sekisho.decide.iam.conditions.binary import read_bytes
from sekisho.decide.iam.conditions.booleans import read_boolean
from sekisho.decide.iam.conditions.dates import read_date
from sekisho.decide.iam.conditions.numeric import read_number
from sekisho.decide.request.aws_request import Context, ContextValue
from sekisho.lab.aws.iam.errors import invalid_input
from sekisho.lab.aws.operation import AwsError

_MEMBERS = ("ContextKeyName", "ContextKeyValues", "ContextKeyType")
_LIST = "List"
_READERS: Mapping[str, Callable[[str], object]] = {
    "string": str,
    "numeric": read_number,
    "boolean": read_boolean,
    "ip": read_network,
    "binary": read_bytes,
    "date": read_date,
}


def read_entries(entries: Iterable[Mapping[str, Any]]) -> Context:
    """Return the context that ``entries`` make; a key that is not among them is absent.

    A type that ends in ``List`` makes a multivalued key, every other a key of one value.

    Raises:
        AwsError: InvalidInput: a member is missing, a value is not of the type, a key occurs twice.
    """
    found: dict[str, ContextValue] = {}
    for number, entry in enumerate(entries, 1):
        at = f"ContextEntries.{number}"
        if any(entry.get(member) is None for member in _MEMBERS):
            raise _refused(at, f"{', '.join(_MEMBERS)} are required")
        name, values, kind = (entry[member] for member in _MEMBERS)
        if name.lower() in found:
            raise _refused(at, f"the key {name} is given twice")
        reads = _READERS[kind.removesuffix(_LIST)]
        wrong = next((value for value in values if reads(value) is None), None)
        if wrong is not None:
            raise _refused(at, f"{wrong[:100]!r} is not a value of type {kind}")
        if kind.endswith(_LIST):
            found[name.lower()] = tuple(values)
        elif len(values) == 1:
            found[name.lower()] = values[0]
        else:
            raise _refused(at, f"a key of type {kind} has one value")
    return Context.of(found)


def _refused(at: str, problem: str) -> AwsError:
    return invalid_input(f"Invalid Input Context: {at}: {problem}")

"""The context keys that a policy reads, as a person has to hand them in.

Source: IAM API Reference, "GetContextKeysForCustomPolicy": the keys of Condition elements and of
policy variables.
"""

from collections.abc import Iterator, Mapping

from sekisho.decide.iam.grammar import VERSION_WITH_VARIABLES
from sekisho.decide.iam.template import variable_names
from sekisho.decide.values import Json


def context_keys(document: Json) -> tuple[str, ...]:
    """Return the keys, in the order and spelling in which ``document`` first writes them; each once.

    ``document`` is the value of a policy that `read_policy` takes. Case makes no other key. In documents
    before Version 2012-10-17 a variable is plain text, and no key.
    """
    if not isinstance(document, Mapping):
        return ()
    variables = document.get("Version") == VERSION_WITH_VARIABLES
    found: dict[str, str] = {}
    for statement in _listed(document.get("Statement")):
        if isinstance(statement, Mapping):
            for key in _of_statement(statement, variables=variables):
                found.setdefault(key.lower(), key)
    return tuple(found.values())


def _of_statement(statement: Mapping[str, Json], *, variables: bool) -> Iterator[str]:
    for element in ("Resource", "NotResource"):
        yield from _variables(statement.get(element), variables=variables)
    condition = statement.get("Condition")
    for operands in condition.values() if isinstance(condition, Mapping) else ():
        for key, values in operands.items() if isinstance(operands, Mapping) else ():
            yield key
            yield from _variables(values, variables=variables)


def _variables(value: Json, *, variables: bool) -> Iterator[str]:
    for text in _listed(value) if variables else ():
        if isinstance(text, str):
            yield from variable_names(text)


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]

"""Labels and label selectors, with the texts of k8s.io/apimachinery pkg/apis/meta/v1/validation."""

from collections.abc import Iterator

from sekisho.decide.values import JsonObject
from sekisho.wire.kube.causes import bad_value, not_allowed, required
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.names import label_key_problems, label_value_problems
from sekisho.wire.kube.status import Cause


def selector_causes(selector: JsonObject, field: str) -> Iterator[Cause]:
    """Check a LabelSelector (k8s.io/apimachinery pkg/apis/meta/v1/validation, ValidateLabelSelector)."""
    yield from label_causes(mapping(selector, "matchLabels"), f"{field}.matchLabels")
    for index, one in enumerate(objects(selector, "matchExpressions")):
        yield from expression(one, f"{field}.matchExpressions[{index}]")


def expression(given: JsonObject, field: str, *, lenient: bool = False) -> Iterator[Cause]:
    """Check one requirement: its operator against its values, its key, its values.

    ``lenient``: an operator that does not exist is let through, as reviews do.
    """
    values = items(given, "values")
    match text(given, "operator"):
        case "In" | "NotIn":
            if not values:
                yield required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        case "Exists" | "DoesNotExist":
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                yield not_allowed(f"{field}.values", detail)
        case other:
            if not lenient:
                yield bad_value(f"{field}.operator", other, "not a valid selector operator")
    key = text(given, "key")
    yield from (bad_value(f"{field}.key", key, problem) for problem in label_key_problems(key))
    for index, value in enumerate(values):
        if isinstance(value, str):
            problems = label_value_problems(value)
            yield from (bad_value(f"{field}.values[{index}]", value, problem) for problem in problems)


def label_causes(given: JsonObject, field: str) -> Iterator[Cause]:
    """Check the keys and values of labels."""
    for key in given:
        value = text(given, key)
        yield from (bad_value(field, key, problem) for problem in label_key_problems(key))
        yield from (bad_value(field, value, problem) for problem in label_value_problems(value))

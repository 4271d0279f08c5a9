"""Query parameters: one row per rule, with kube-apiserver's texts (tests/e2e/both_requests.py saw them)."""

import pytest

from sekisho.wire.kube.options import check_delete_options, check_query
from sekisho.wire.kube.status import KubeError

FINE = {
    "a dry run": ("create", {"dryRun": "All"}),
    "a manager of 128 bytes": ("patch", {"fieldManager": "x" * 128}),
    "a page": ("list", {"limit": "500", "resourceVersion": "7", "resourceVersionMatch": "Exact"}),
    "a negative limit": ("list", {"limit": "-1"}),
    "a streamed list": ("watch", {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}),
    "a policy": ("delete", {"propagationPolicy": "Background"}),
    "a get is not asked": ("get", {"dryRun": "Some"}),
}
REFUSED = {
    "another dry run": ("create", {"dryRun": "Some"}, 422, 'dryRun: Unsupported value: ["Some"]'),
    "a manager of 129 bytes": ("update", {"fieldManager": "x" * 129}, 422, "fieldManager: Too long"),
    "an unprintable manager": (
        "patch",
        {"fieldManager": "a\0"},
        422,
        "invalid character U+0000 (at position 1)",
    ),
    "another validation": ("create", {"fieldValidation": "Loose"}, 422, "fieldValidation: Unsupported value"),
    "force without apply": ("patch", {"force": "true"}, 422, "force: Forbidden: may not be specified"),
    "a limit that is no number": (
        "list",
        {"limit": "x"},
        400,
        'strconv.ParseInt: parsing "x": invalid syntax',
    ),
    "a timeout that is no number": ("watch", {"timeoutSeconds": "1s"}, 400, "invalid syntax"),
    "another policy": ("delete", {"propagationPolicy": "Up"}, 422, "propagationPolicy: Unsupported value"),
    "a match of no version": (
        "list",
        {"resourceVersionMatch": "Exact"},
        422,
        "unless resourceVersion is provided",
    ),
    "another match": (
        "list",
        {"resourceVersion": "1", "resourceVersionMatch": "No"},
        422,
        "Unsupported value",
    ),
    "exactly any version": (
        "list",
        {"resourceVersion": "0", "resourceVersionMatch": "Exact"},
        422,
        'is forbidden for resourceVersion "0"',
    ),
    "a match with a page": (
        "list",
        {"resourceVersion": "1", "resourceVersionMatch": "Exact", "continue": "x"},
        422,
        "is forbidden when continue is provided",
    ),
    "initial events of a list": ("list", {"sendInitialEvents": "true"}, 422, "is forbidden for list"),
    "initial events without a match": ("watch", {"sendInitialEvents": "true"}, 422, "requires setting"),
    "a match of a plain watch": (
        "watch",
        {"resourceVersionMatch": "NotOlderThan"},
        422,
        "is forbidden for watch",
    ),
}


@pytest.mark.parametrize(("verb", "query"), FINE.values(), ids=FINE.keys())
def test_what_is_taken(verb: str, query: dict[str, str]) -> None:
    assert check_query(verb, query) is None  # type: ignore[func-returns-value] # it does not raise


@pytest.mark.parametrize(("verb", "query", "code", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(verb: str, query: dict[str, str], code: int, text: str) -> None:
    with pytest.raises(KubeError) as raised:
        check_query(verb, query)
    assert raised.value.code == code
    assert text in raised.value.message


def test_apply_needs_a_manager_and_may_force() -> None:
    with pytest.raises(KubeError) as raised:
        check_query("patch", {"force": "true"}, is_apply=True)
    assert "fieldManager: Required value" in raised.value.message
    assert check_query("patch", {"force": "true", "fieldManager": "m"}, is_apply=True) is None  # type: ignore[func-returns-value] # it does not raise


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"propagationPolicy": "Up"}, "Unsupported value"),
        ({"propagationPolicy": "Orphan", "orphanDependents": True}, "cannot be both set"),
        ({"dryRun": ["Some"]}, 'dryRun: Unsupported value: ["Some"]'),
    ],
)
def test_delete_options_in_the_body(options: dict[str, object], text: str) -> None:
    with pytest.raises(KubeError) as raised:
        check_delete_options(options)  # type: ignore[arg-type] # documents of whatever shape
    assert text in raised.value.message

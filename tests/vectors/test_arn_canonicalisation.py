"""ARN vectors: the canonical ARN, the ARN without path, and ArnLike patterns."""

import json
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.authn.canonical import ArnError, arn_like, canonicalize, strip_path

DATA = json.loads((Path(__file__).parent / "data/authn/arn_canonicalisation.json").read_text())


def canonical(text: str) -> dict[str, str]:
    try:
        found = canonicalize(text)
    except ArnError as error:
        return {"error_kind": error.problem.replace("-", "_")}
    return {"arn": str(found.arn), "principal_type": found.kind.replace("-", "_")}


def stripped(text: str) -> dict[str, str]:
    try:
        return {"arn": strip_path(text)}
    except ArnError as error:
        return {"error_kind": error.problem.replace("-", "_")}


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: repr(case["input"]))
def test_canonical_and_stripped(case: dict[str, Any]) -> None:
    assert set(case) <= {"input", "canonicalize", "strip_path", "error_acceptable", "note"}
    for answer, expected in (
        (canonical(case["input"]), case["canonicalize"]),
        (stripped(case["input"]), case["strip_path"]),
    ):
        refused = case.get("error_acceptable", False) and "error_kind" in answer
        assert refused or answer == expected


@pytest.mark.parametrize("case", DATA["arn_like_cases"], ids=lambda case: case["pattern"])
def test_arn_like(case: dict[str, Any]) -> None:
    assert set(case) <= {"pattern", "subject", "match", "error_kind", "note", "other_result_acceptable"}
    if "error_kind" in case:
        with pytest.raises(ArnError) as caught:
            arn_like(case["pattern"], case["subject"])
        assert caught.value.problem.replace("-", "_") == case["error_kind"]
    else:
        assert arn_like(case["pattern"], case["subject"]) is case["match"]

"""Strategic merge patches against what Go's own implementation makes of the same documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from sekisho.wire.kube.schema import load
from sekisho.wire.kube.status import KubeError
from sekisho.wire.kube.strategic import strategic_merge

SCHEMA = load()
GOLDEN = json.loads((Path(__file__).parent / "data" / "kube_strategic" / "golden.json").read_text())


def merged(case: dict[str, Any]) -> dict[str, Any]:
    version, kind = case["kind"].rsplit("/", 1)
    message = SCHEMA.of_kind(version, kind)
    assert message is not None
    return dict(strategic_merge(case["current"], case["patch"], message.name, SCHEMA))


@pytest.mark.parametrize("case", [c for c in GOLDEN if "result" in c], ids=lambda c: c["name"])
def test_go_agrees(case: dict[str, Any]) -> None:
    before = json.dumps(case["current"])
    assert merged(case) == case["result"]
    assert json.dumps(case["current"]) == before


@pytest.mark.parametrize("case", [c for c in GOLDEN if "error" in c], ids=lambda c: c["name"])
def test_go_refuses_too(case: dict[str, Any]) -> None:
    with pytest.raises(KubeError) as raised:
        merged(case)
    assert raised.value.code == 400

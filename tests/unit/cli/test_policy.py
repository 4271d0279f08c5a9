"""``sekisho policy check``: files, stdin, forms and exit codes."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from sekisho.cli.policy import app

OBJECTS = "arn:aws:s3:::b/*"


def write(folder: Path, name: str, **elements: object) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS, **elements}
    path = folder / name
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2))
    return str(path)


def run(*words: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["check", *words], input=stdin)


def test_clean_is_zero(tmp_path: Path) -> None:
    result = run(write(tmp_path, "p.json"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "sekisho: 1 policy checked, 0 findings\n"


def test_a_line_per_finding(tmp_path: Path) -> None:
    bad = write(tmp_path, "bad.json", Action="s3:GetObjekt")
    result = run(write(tmp_path, "p.json"), bad)
    assert result.exit_code == 1
    assert result.stdout == (
        f"{bad}:6: error policy.unknown-action: "
        "`s3` has no action `GetObjekt` (did you mean `s3:GetObject`)\n"
    )
    assert result.stderr == "sekisho: 2 policies checked, 1 finding\n"


@pytest.mark.parametrize(("threshold", "code"), [("error", 0), ("warning", 0), ("suggestion", 1)])
def test_threshold_of_a_suggestion(tmp_path: Path, threshold: str, code: int) -> None:
    file = write(tmp_path, "p.json", Resource=[OBJECTS, OBJECTS])
    result = run(file, "--severity-threshold", threshold)
    assert result.exit_code == code
    assert "policy.duplicate-entry" in result.stdout


@pytest.mark.parametrize(("threshold", "code"), [("error", 0), ("warning", 1), ("suggestion", 1)])
def test_threshold_of_a_warning(tmp_path: Path, threshold: str, code: int) -> None:
    file = write(tmp_path, "p.json", Resource="arn:aws:s3:::b")
    assert run(file, "--severity-threshold", threshold).exit_code == code


def test_a_fault_of_grammar_is_a_finding(tmp_path: Path) -> None:
    result = run(write(tmp_path, "p.json", Effect="allow"))
    assert (result.exit_code, "policy.grammar.effect" in result.stdout) == (1, True)


def test_kind(tmp_path: Path) -> None:
    file = write(tmp_path, "p.json", Principal="*")
    assert run(file, "--kind", "identity").stdout.count("policy.grammar.principal-not-allowed") == 1
    assert "policy.grammar" not in run(file, "--kind", "resource").stdout
    assert run(file, "--kind", "user").exit_code == 2


def test_stdin(tmp_path: Path) -> None:
    text = Path(write(tmp_path, "p.json", Action="s3:NoSuch")).read_text()
    result = run("-", stdin=text)
    assert (result.exit_code, result.stdout.startswith("stdin:6: error")) == (1, True)


def test_forms(tmp_path: Path) -> None:
    file = write(tmp_path, "p.json", Action="s3:NoSuch")
    as_json = json.loads(run(file, "-o", "json").stdout)
    assert as_json == yaml.safe_load(run(file, "-o", "yaml").stdout)
    assert [one["line"] for one in as_json["findings"]] == [6]
    sarif = run(file, "-o", "sarif")
    assert sarif.exit_code == 1
    assert json.loads(sarif.stdout)["runs"][0]["results"][0]["ruleId"] == "policy.unknown-action"


def test_unreadable_is_two(tmp_path: Path) -> None:
    missing = run(str(tmp_path / "none.json"))
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == f"sekisho: {tmp_path}/none.json: cannot be read: no such file or directory\n"
    assert run("-", stdin="{").exit_code == 2
    assert run("-", stdin=b"\xff\xfe{").exit_code == 2
    assert run("-", stdin='{"kind": "Pod"}').exit_code == 2


def test_help_has_examples() -> None:
    assert "sekisho policy check policy.json" in run("--help").stdout

"""Hostile policies cost little and are answered in words, at the library and at the command line.

A child is given seconds of processor time where a matcher that tries every way would need years.
"""

import json
import os
import resource
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from sekisho.decide.iam import parse_policy
from sekisho.decide.values import Ref, SekishoInputError
from support.hostile_policies import READABLE, REFUSED, document

CPU_SECONDS = 60
LARGEST = "10,000 statements"
MEBIBYTE = 1024 * 1024
SEKISHO = str(Path(sysconfig.get_path("scripts")) / "sekisho")
TESTS = Path(__file__).parents[1]


def child(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end with `CPU_SECONDS` of processor time."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))

    environment = {**os.environ, "PYTHONPATH": str(TESTS), "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=limited, env=environment
    )


def test_no_policy_takes_long_to_read_or_to_evaluate() -> None:
    ran = child(sys.executable, "-m", "support.hostile_policies")
    assert (ran.returncode, ran.stderr) == (0, "")
    answers = dict(line.split("\t") for line in ran.stdout.splitlines())
    assert list(answers) == list(READABLE)
    allowed = {"10,000 condition keys"}
    assert {name for name, outcome in answers.items() if outcome == "allow"} == allowed


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused_in_one_sentence(text: str) -> None:
    for given in (text, f'{{"Version":"2012-10-17","Statement":{text}}}'):
        with pytest.raises(SekishoInputError) as caught:
            parse_policy(given, Ref("hostile"))
        assert str(caught.value).startswith("hostile")
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize(("length", "is_taken"), [(131_072, True), (131_073, False), (MEBIBYTE, False)])
def test_the_longest_text_is_that_of_the_api(length: int, is_taken: bool) -> None:
    text = document({}).ljust(length)
    assert len(text) == length
    if is_taken:
        assert len(parse_policy(text, Ref("long")).statements) == 1
    else:
        with pytest.raises(SekishoInputError, match="at most 131072 are allowed"):
            parse_policy(text, Ref("long"))


def test_policy_check_answers_about_every_hostile_policy(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{at}.json" for at, name in enumerate(READABLE) if name != LARGEST}
    for name, path in files.items():
        path.write_text(READABLE[name])
    big = tmp_path / "big.json"
    big.write_text(json.dumps(json.loads(READABLE[LARGEST]), indent=4).ljust(MEBIBYTE))
    ran = child(SEKISHO, "policy", "check", *map(str, files.values()), str(big))
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"sekisho: {len(files) + 1} policies checked, ")
    assert f"{big}:1: error policy.size: " in ran.stdout
    assert "Traceback" not in ran.stdout


def test_policy_check_refuses_what_cannot_be_read(tmp_path: Path) -> None:
    files = [tmp_path / f"{at}.json" for at in range(len(REFUSED))]
    for path, text in zip(files, REFUSED.values(), strict=True):
        path.write_text(text)
    ran = child(SEKISHO, "policy", "check", *map(str, files))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    assert all(f"{path}" in ran.stderr for path in files)

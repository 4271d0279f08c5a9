"""Policies in files: alone, in answers of the AWS CLI, encoded, in YAML; lines, JSON and SARIF."""

import json
from urllib.parse import quote

import pytest

from sekisho.decide.iam import PolicyKind
from sekisho.decide.values import Json, SekishoInputError, documents
from sekisho.review.policy_check import (
    Finding,
    PolicyCode,
    Severity,
    check_texts,
    load_reference,
    report_document,
    sarif_document,
)
from sekisho.review.policy_check.extract import find_policies
from sekisho.review.policy_check.lines import Lines
from unit.review.policy_check.policy_build import policy, statement, trust

BAD = policy(statement(Action="s3:GetObjekt"))
TRUST = policy(trust())

FILES: dict[str, tuple[str, list[tuple[str, PolicyKind | None]]]] = {
    "a policy": (json.dumps(BAD), [("", None)]),
    "get-policy-version": (
        json.dumps({"PolicyVersion": {"Document": BAD, "VersionId": "v1"}}),
        [("/PolicyVersion/Document", None)],
    ),
    "get-role": (
        json.dumps({"Role": {"AssumeRolePolicyDocument": TRUST}}),
        [("/Role/AssumeRolePolicyDocument", PolicyKind.TRUST)],
    ),
    "URL-encoded": (
        json.dumps({"Role": {"AssumeRolePolicyDocument": quote(json.dumps(TRUST))}}),
        [("/Role/AssumeRolePolicyDocument", PolicyKind.TRUST)],
    ),
    "get-bucket-policy": (json.dumps({"Policy": json.dumps(BAD)}), [("/Policy", None)]),
    "account details": (
        json.dumps(
            {
                "RoleDetailList": [
                    {"AssumeRolePolicyDocument": TRUST, "RolePolicyList": [{"PolicyDocument": BAD}]}
                ]
            }
        ),
        [
            ("/RoleDetailList/0/AssumeRolePolicyDocument", PolicyKind.TRUST),
            ("/RoleDetailList/0/RolePolicyList/0/PolicyDocument", None),
        ],
    ),
    "two YAML documents": (
        "Version: 2012-10-17\nStatement: []\n---\nStatement: {}\n",
        [("", None), ("", None)],
    ),
    "no Statement yet a policy": ('{"Version": "2012-10-17", "statement": []}', [("", None)]),
}


@pytest.mark.parametrize(("text", "places"), FILES.values(), ids=FILES.keys())
def test_policies_are_found(text: str, places: list[tuple[str, PolicyKind | None]]) -> None:
    assert [(found.at.pointer, found.kind) for found in find_policies(text, "f")] == places


UNREADABLE = {
    "JSON that breaks off": ('{"Version"', "json.syntax"),
    "YAML that is none": ("a: [", "yaml.syntax"),
    "another document": ('{"kind": "Pod"}', "policy.none-found"),
    "an encoded text that is no policy": (
        '{"a": "%7B", "b": "{\\"Statement\\"", "c": 1}',
        "policy.none-found",
    ),
    "nothing": ("", "policy.none-found"),
}


@pytest.mark.parametrize(("text", "code"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_other_files_are_refused(text: str, code: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        check_texts([("f", text)], load_reference())
    assert [fault.code for fault in caught.value.faults] == [code]


def test_every_unreadable_file_is_named() -> None:
    with pytest.raises(SekishoInputError) as caught:
        check_texts([("a", "{"), ("b", json.dumps(BAD)), ("c", "{")], load_reference())
    assert [fault.at.document for fault in caught.value.faults] == ["a", "c"]


def only(text: str) -> Finding:
    (finding,) = check_texts([("f", text)], load_reference()).findings
    return finding


def test_lines_of_json() -> None:
    finding = only(json.dumps({"PolicyVersion": {"Document": BAD}}, indent=1))
    assert (finding.code, finding.line) == (PolicyCode.UNKNOWN_ACTION, 8)


YAML = """\
Version: 2012-10-17
Statement:
- Effect: Allow
  Resource: arn:aws:s3:::b/*
  Action:
  - s3:GetObject
  - s3:GetObjekt
"""


def test_lines_of_yaml() -> None:
    assert only(YAML).line == 7


def test_lines_of_the_second_yaml_document() -> None:
    good = "Statement: {Effect: Deny, Action: 's3:*', Resource: '*'}\n---\n"
    assert only(good + YAML).line == 9


def test_lines_of_json_with_tabs() -> None:
    assert only(json.dumps(BAD, indent="\t")).line == 6


def test_json_that_yaml_does_not_read_has_no_lines() -> None:
    text = json.dumps(policy(statement(Action="s3:GetObjekt", Resource="arn:aws:s3:::b/\U0001f600")))
    assert "\\ud83d" in text  # escaped in two halves
    assert only(text).line == 0


def test_lines_inside_a_block() -> None:
    block = "".join(f"    {line}\n" for line in json.dumps(BAD, indent=1).splitlines())
    assert only(f"data:\n  # a ConfigMap's text\n  policy: |\n{block}").line == 3 + 6


def test_lines_are_those_of_the_plain_reader() -> None:
    text = json.dumps({"Role": {"a": None, "AssumeRolePolicyDocument": [BAD, TRUST, 7]}}, indent=1)
    for pointer in (
        "",
        "/Role",
        "/Role/AssumeRolePolicyDocument/1/Statement/0/Principal",
        "/Role/none",
        "/Role/a/b",
    ):
        assert Lines(text).line(pointer) == documents.line_of(text, pointer)
    assert Lines(text).line("", 1) == 0


def test_findings_come_in_order_of_lines() -> None:
    document: Json = policy(statement(Action="s3:NoSuch"), statement(Effect="allow"))
    report = check_texts([("f", json.dumps(document, indent=1))], load_reference())
    assert [finding.line for finding in report.findings] == [6, 10]


def test_report_for_programs() -> None:
    report = check_texts([("p.yaml", YAML)], load_reference())
    assert report_document(report) == {
        "policies": 1,
        "findings": [
            {
                "code": "policy.unknown-action",
                "severity": "error",
                "file": "p.yaml",
                "line": 7,
                "pointer": "/Statement/0/Action/1",
                "message": "`s3` has no action `GetObjekt`",
                "hint": "did you mean `s3:GetObject`",
            }
        ],
    }
    assert report.reaches(Severity.ERROR)


@pytest.mark.parametrize(
    ("name", "uri"), [("p a.yaml", "p%20a.yaml"), ("./p.yaml", "p.yaml"), ("/x/p.yaml", "file:///x/p.yaml")]
)
def test_sarif(name: str, uri: str) -> None:
    log = json.loads(
        json.dumps(sarif_document(check_texts([(name, YAML)], load_reference()).findings, "1.0"))
    )
    (run,) = log["runs"]
    (result,) = run["results"]
    (place,) = result["locations"]
    assert log["version"] == "2.1.0"
    assert (
        run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
        == result["ruleId"]
        == "policy.unknown-action"
    )
    assert result["level"] == "error"
    assert place["physicalLocation"] == {"artifactLocation": {"uri": uri}, "region": {"startLine": 7}}

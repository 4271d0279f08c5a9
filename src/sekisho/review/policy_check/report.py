"""Files in, findings out: what the command line asks, and how machines read the answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from sekisho.decide.iam import PolicyKind
from sekisho.decide.values import InputFault, Ref, SekishoInputError
from sekisho.review.policy_check.check import check_policy
from sekisho.review.policy_check.code import Severity
from sekisho.review.policy_check.extract import find_policies
from sekisho.review.policy_check.finding import Finding
from sekisho.review.policy_check.reference import Reference


@dataclass(frozen=True, slots=True)
class Report:
    """Findings in order of file and line, and how many policies were checked."""

    findings: tuple[Finding, ...]
    policies: int

    def reaches(self, threshold: Severity) -> bool:
        """Tell whether a finding is at least as grave as ``threshold``."""
        return any(finding.severity.reaches(threshold) for finding in self.findings)


def check_texts(
    named_texts: Sequence[tuple[str, str]], reference: Reference, kind: PolicyKind | None = None
) -> Report:
    """Return the findings of all policies in files given as (name, text).

    Raises:
        SekishoInputError: a file that is neither JSON nor YAML or has no policy; all such files are named.
    """
    findings: list[Finding] = []
    faults: list[InputFault] = []
    policies = 0
    for name, text in named_texts:
        try:
            documents = find_policies(text, name)
        except SekishoInputError as error:
            faults += error.faults
            continue
        policies += len(documents)
        here: list[Finding] = []
        for document in documents:
            lines: dict[Ref, int] = {}
            for finding in check_policy(document.value, document.at, reference, kind or document.kind):
                if finding.at not in lines:
                    lines[finding.at] = document.line(finding.at)
                here.append(replace(finding, line=lines[finding.at]))
        findings += sorted(here, key=lambda finding: finding.line)
    if faults:
        raise SekishoInputError(faults)
    return Report(tuple(findings), policies)


def report_document(report: Report) -> dict[str, object]:
    """Return the report for JSON and YAML."""
    return {
        "policies": report.policies,
        "findings": [
            {
                "code": finding.code,
                "severity": str(finding.severity),
                "file": finding.at.document,
                "line": finding.line,
                "pointer": finding.at.pointer,
                "message": finding.sentence,
                "hint": finding.hint,
            }
            for finding in report.findings
        ],
    }


_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.SUGGESTION: "note"}


def sarif_document(findings: Iterable[Finding], version: str) -> dict[str, object]:
    """Return the findings as a SARIF log (OASIS SARIF 2.1.0); ``version`` is that of the program."""
    listed = list(findings)
    rules = {finding.code: finding for finding in listed}
    ids = sorted(rules)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "sekisho",
                        "version": version,
                        "rules": [
                            {
                                "id": code,
                                "defaultConfiguration": {"level": _LEVELS[rules[code].severity]},
                            }
                            for code in ids
                        ],
                    }
                },
                "results": [_result(finding, ids.index(finding.code)) for finding in listed],
            }
        ],
    }


def _result(finding: Finding, index: int) -> dict[str, object]:
    hint = f"; {finding.hint}" if finding.hint else ""
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.sentence}{hint}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding.at.document)},
                    "region": {"startLine": max(finding.line, 1)},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.at.pointer or "/"}],
            }
        ],
    }


def _uri(name: str) -> str:
    return f"file://{quote(name)}" if name.startswith("/") else quote(name.removeprefix("./"))

"""``sekisho policy``: check policy documents before they reach an account."""

from enum import StrEnum
from typing import Annotated

import typer

from sekisho import __version__
from sekisho.cli.errors import note, report
from sekisho.cli.file_text import STDIN, read_text
from sekisho.cli.group import command_group
from sekisho.cli.output import Form, Style, write, write_document
from sekisho.decide.iam import PolicyKind
from sekisho.review.policy_check import (
    Finding,
    Severity,
    check_texts,
    load_reference,
    report_document,
    sarif_document,
)

FOUND = 1
"""Exit code when a finding is at or over the threshold."""

app = command_group("policy", "Check IAM policy documents.")


class CheckForm(StrEnum):
    """Forms of the findings."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    SARIF = "sarif"


@app.callback()
def policy() -> None:
    """Check IAM policy documents."""


@app.command("check")
@report()
def check(
    files: Annotated[
        list[str], typer.Argument(help="Policy documents or answers of the AWS CLI; - is stdin.")
    ],
    kind: Annotated[
        PolicyKind | None,
        typer.Option("--kind", help="What the documents are for; by default recognised by their elements."),
    ] = None,
    severity_threshold: Annotated[
        Severity, typer.Option("--severity-threshold", help="Least severity that makes the exit code 1.")
    ] = Severity.WARNING,
    output: Annotated[
        CheckForm, typer.Option("--output", "-o", help="Form of the findings.")
    ] = CheckForm.TEXT,
) -> None:
    """Check policies: grammar, actions, resources, conditions, trust, breadth, size.

    Files hold JSON or YAML: a policy, or what `aws iam get-policy-version`, `get-role` or
    `get-account-authorization-details` printed, URL-encoded documents included.

    Example: sekisho policy check policy.json

    Example: sekisho policy check --kind scp scps/*.json

    Example: aws iam get-role --role-name app | sekisho policy check -

    Example: sekisho policy check -o sarif policies/*.json > policies.sarif

    Exit codes: 0 clean, 1 findings at or over the threshold, 2 a file that cannot be read.
    """
    result = check_texts([_read(name) for name in files], load_reference(), kind)
    if output is CheckForm.TEXT:
        style = Style.detect()
        for finding in result.findings:
            write(_line(finding, style))
        policies = "policy" if result.policies == 1 else "policies"
        findings = "finding" if len(result.findings) == 1 else "findings"
        note(f"{result.policies} {policies} checked, {len(result.findings)} {findings}")
    elif output is CheckForm.SARIF:
        write_document(sarif_document(result.findings, __version__), Form.JSON)
    else:
        write_document(report_document(result), Form(output))
    raise typer.Exit(FOUND if result.reaches(severity_threshold) else 0)


def _line(finding: Finding, style: Style) -> str:
    paint = {Severity.ERROR: style.bad, Severity.WARNING: style.doubt, Severity.SUGGESTION: style.quiet}
    place = f"{finding.at.document}:{finding.line}" if finding.line else finding.at.document
    hint = f" ({finding.hint})" if finding.hint else ""
    severity = paint[finding.severity](str(finding.severity))
    return f"{place}: {severity} {finding.code}: {finding.sentence}{hint}"


def _read(name: str) -> tuple[str, str]:
    """Return the name that findings show, and the text of a file or of stdin."""
    return ("stdin" if name == STDIN else name), read_text(name)

"""One thing that a check found."""

from dataclasses import dataclass

from sekisho.decide.values import InputFault, Ref
from sekisho.review.policy_check.code import SEVERITIES, PolicyCode, Severity

_MAX_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, where, and what helps. ``line`` is 1-based, 0 while unknown."""

    code: str
    severity: Severity
    at: Ref
    sentence: str
    hint: str = ""
    line: int = 0


def found(code: PolicyCode, at: Ref, hint: str = "", **facts: str) -> Finding:
    """Return the finding of ``code`` with its sentence filled from ``facts``."""
    shown = {
        name: text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..." for name, text in facts.items()
    }
    return Finding(str(code), SEVERITIES[code], at, code.sentence.format(**shown), hint)


def grammar_finding(fault: InputFault) -> Finding:
    """Return a fault of the parser as a finding: ``iam.policy.effect`` is ``policy.grammar.effect``."""
    code = f"policy.grammar.{fault.code.removeprefix('iam.policy.')}"
    return Finding(code, Severity.ERROR, fault.at, fault.problem, fault.hint, fault.line)

"""A malformed policy in the words of IAM: what MalformedPolicyDocument says about the first fault.

The code is documented (IAM API Reference, the errors of PutUserPolicy); the texts are those that the
services print.
"""

from typing import Final

from sekisho.decide.iam.grammar import FaultCode
from sekisho.decide.values import InputFault, SekishoInputError

SYNTAX: Final = "Syntax errors in policy."

_SENTENCES = {
    FaultCode.PRINCIPAL: "Policy document should not specify a principal.",
    FaultCode.DUPLICATE_SID: "Statement IDs (SID) in a single policy must be unique.",
    FaultCode.ACTION: "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
}


def malformed_text(error: SekishoInputError) -> str:
    """Return what IAM says about a document with these faults. Total."""
    return _sentence(error.faults[0])


def _sentence(fault: InputFault) -> str:
    if fault.code == FaultCode.MISSING:
        element = "actions" if "Action" in fault.problem else "resources"
        return f"Policy statement must contain {element}."
    if fault.code == FaultCode.RESOURCE:
        written = fault.problem.split("`")[1]
        return f'Resource {written} must be in ARN format or "*".'
    return next((text for code, text in _SENTENCES.items() if fault.code == code), SYNTAX)

"""Policy documents at IAM's border: how they are refused when written and spelled when read."""

from urllib.parse import quote

from sekisho.decide.iam import parse_policy
from sekisho.decide.iam.grammar import VERSION_WITH_VARIABLES, FaultCode
from sekisho.decide.values import InputFault, Ref, SekishoInputError
from sekisho.lab.aws.iam.errors import malformed_document
from sekisho.lab.aws.operation import AwsError

SYNTAX = "Syntax errors in policy."

_SENTENCES = {
    FaultCode.PRINCIPAL: "Policy document should not specify a principal.",
    FaultCode.DUPLICATE_SID: "Statement IDs (SID) in a single policy must be unique.",
    FaultCode.ACTION: "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
}


def on_wire(text: str) -> str:
    """Return a document as IAM's answers carry it: percent-encoded (RFC 3986, section 2.1)."""
    return quote(text, safe="")


def check_identity_policy(text: str, name: str) -> None:
    """Return if ``text`` is a document that users, groups and roles may hold; ``name`` is for the reader.

    Raises:
        AwsError: MalformedPolicyDocument in AWS's words, from the error that says where and why.
    """
    try:
        policy = parse_policy(text, Ref(name))
    except SekishoInputError as error:
        raise _refusal(error) from error
    if policy.version != VERSION_WITH_VARIABLES:
        raise malformed_document(f"Policy document must be version {VERSION_WITH_VARIABLES} or greater.")


def _refusal(error: SekishoInputError) -> AwsError:
    fault = error.faults[0]
    return malformed_document(_sentence(fault))


def _sentence(fault: InputFault) -> str:
    if fault.code == FaultCode.MISSING:
        element = "actions" if "Action" in fault.problem else "resources"
        return f"Policy statement must contain {element}."
    if fault.code == FaultCode.RESOURCE:
        written = fault.problem.split("`")[1]
        return f'Resource {written} must be in ARN format or "*".'
    return next((text for code, text in _SENTENCES.items() if fault.code == code), SYNTAX)

"""Policy documents at IAM's border: how they are refused when written and spelled when read."""

from urllib.parse import quote

from sekisho.decide.iam import parse_policy
from sekisho.decide.iam.grammar import VERSION_WITH_VARIABLES
from sekisho.decide.iam.malformed import malformed_text
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.lab.aws.iam.errors import malformed_document


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
        raise malformed_document(malformed_text(error)) from error
    if policy.version != VERSION_WITH_VARIABLES:
        raise malformed_document(f"Policy document must be version {VERSION_WITH_VARIABLES} or greater.")

"""The documents of organization policies: what is refused when one is written."""

from sekisho.decide.iam import Effect, parse_policy
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.facts import OrganizationPolicyType
from sekisho.facts.organization import MAX_CHARS, POLICY_KINDS
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.aws.organizations.errors import constraint

MALFORMED = "The provided policy document does not meet the requirements of the specified policy type."


def check_document(text: str, kind: OrganizationPolicyType, name: str) -> None:
    """Return if ``text`` may be the document of a customer's policy of this type.

    Raises:
        AwsError: it is too long, or not the grammar of the type; the cause says where and why.
    """
    if len(text) > MAX_CHARS[kind]:
        raise constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the maximum policy size.")
    try:
        policy = parse_policy(text, Ref(name), POLICY_KINDS[kind])
    except SekishoInputError as error:
        raise _malformed() from error
    if kind is OrganizationPolicyType.RESOURCE_CONTROL_POLICY and any(
        statement.effect is Effect.ALLOW for statement in policy.statements
    ):
        # The grammar lets AWS's own RCPFullAWSAccess pass; a customer's RCP only denies.
        raise _malformed()


def _malformed() -> AwsError:
    return AwsError("MalformedPolicyDocumentException", MALFORMED)

"""The documents of organization policies: what is refused when one is written."""

from typing import Final

from sekisho.decide.iam import Effect, PolicyKind, parse_policy
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.facts import OrganizationPolicyType
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.aws.organizations.errors import constraint

MALFORMED = "The provided policy document does not meet the requirements of the specified policy type."

KINDS: Final = {
    OrganizationPolicyType.SERVICE_CONTROL_POLICY: PolicyKind.SCP,
    OrganizationPolicyType.RESOURCE_CONTROL_POLICY: PolicyKind.RCP,
}
MAX_CHARS: Final = {
    OrganizationPolicyType.SERVICE_CONTROL_POLICY: 10_240,
    OrganizationPolicyType.RESOURCE_CONTROL_POLICY: 5_120,
}
"""White space counts: what an SDK sends is stored as it is (User Guide, "Quotas for AWS Organizations";
SCPs had 5120 until May 2026)."""


def check_document(text: str, kind: OrganizationPolicyType, name: str) -> None:
    """Return if ``text`` may be the document of a customer's policy of this type.

    Raises:
        AwsError: it is too long, or not the grammar of the type; the cause says where and why.
    """
    if len(text) > MAX_CHARS[kind]:
        raise constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the maximum policy size.")
    try:
        policy = parse_policy(text, Ref(name), KINDS[kind])
    except SekishoInputError as error:
        raise _malformed() from error
    if kind is OrganizationPolicyType.RESOURCE_CONTROL_POLICY and any(
        statement.effect is Effect.ALLOW for statement in policy.statements
    ):
        # The grammar lets AWS's own RCPFullAWSAccess pass; a customer's RCP only denies.
        raise _malformed()


def _malformed() -> AwsError:
    return AwsError("MalformedPolicyDocumentException", MALFORMED)

"""Operations that the owner's account alone may use, whatever the resource's policy grants.

Sources: Amazon S3 API Reference, "PutBucketPolicy", "GetBucketPolicy" and "DeleteBucketPolicy" ("you must
be using an identity that belongs to the bucket owner's account"); AWS KMS Developer Guide, "Allowing users
in other accounts to use a KMS key", and "Cross-account use" of each operation of the KMS API Reference.
"""

from typing import Final

from sekisho.decide.iam.principals import caller_name
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Anonymous
from sekisho.lab.aws.operation import AwsError

_BUCKET_POLICIES: Final = frozenset({"s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:DeleteBucketPolicy"})
_KMS_ACROSS: Final = frozenset(
    {
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:GenerateMac",
        "kms:GetKeyRotationStatus",
        "kms:GetPublicKey",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:Sign",
        "kms:Verify",
        "kms:VerifyMac",
    }
)


def hold_to_owner(asked: tuple[AwsRequest, ...]) -> None:
    """Return if no permitted request is of an operation that is the owner's alone and of somebody else.

    Raises:
        AwsError: in S3's words and in those of KMS.
    """
    for one in asked:
        if one.resource_account is None and not isinstance(one.principal, Anonymous):
            continue
        if one.action in _BUCKET_POLICIES:
            problem = "The specified method is not allowed against this resource."
            raise AwsError("MethodNotAllowed", problem, 405)
        if one.action.startswith("kms:") and one.action not in _KMS_ACROSS:
            raise AwsError(
                "AccessDeniedException",
                f"User: {caller_name(one.principal)} is not "
                f"authorized to perform: {one.action} on this resource because the resource does not exist "
                "in this Region, no resource-based policies allow access, or a resource-based policy "
                "explicitly denies access",
            )

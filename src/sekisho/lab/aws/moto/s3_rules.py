"""Rules of S3 that moto does not know: buckets here have ACLs disabled, as new ones have since April 2023.

Source: Amazon S3 User Guide, "Controlling ownership of objects and disabling ACLs for your bucket".
"""

import re
from typing import Final

from sekisho.lab.aws.operation import AwsError
from sekisho.wire.aws.message import Call

ENFORCED: Final = "BucketOwnerEnforced"
_NOT_ALLOWED: Final = "The bucket does not allow ACLs"
_HARMLESS: Final = frozenset({"bucket-owner-full-control", "private"})
_GRANTS: Final = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
"""S3 User Guide, "General purpose bucket naming rules"."""


def check(call: Call) -> None:
    """Return if S3 takes the parameters of a permitted call.

    Raises:
        AwsError: no bucket can be named so; it would turn on ACLs, which are no part of a decision
            here, or uses one.
    """
    parameters = call.parameters
    if "Bucket" in parameters and not _BUCKET.fullmatch(str(parameters["Bucket"])):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.")
    acl = parameters.get("ACL")
    if (acl is not None and acl not in _HARMLESS) or any(parameters.get(name) for name in _GRANTS):
        raise AwsError("AccessControlListNotSupported", _NOT_ALLOWED)
    ownership = parameters.get("ObjectOwnership") or _ownership(parameters.get("OwnershipControls"))
    if ownership not in (None, ENFORCED):
        problem = f"the lab decides by policies and serves buckets of ObjectOwnership {ENFORCED} only"
        raise AwsError("SekishoUnserved", problem)


def _ownership(controls: object) -> object:
    match controls:
        case {"Rules": [{"ObjectOwnership": owner}]}:
            return owner
        case None:
            return None
    return ""

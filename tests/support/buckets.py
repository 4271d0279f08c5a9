"""Buckets of a running lab, their policies, and the two sides of sharing one."""

import json
from itertools import count
from typing import Any

from support.boto_lab import AWAY, HOME, REGION, Caller, Refused

HERE = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
DENIED = Refused("AccessDenied", 403, "Access Denied")
GUEST = f"arn:aws:iam::{AWAY}:user/guest"
POWERLESS = f"arn:aws:iam::{HOME}:user/powerless"
_NUMBERS = count(1)


def fresh(name: str) -> str:
    return f"{name}-{next(_NUMBERS)}"


def new_bucket(owner: Caller, name: str) -> str:
    """Create a bucket with one object, ``k``."""
    named = fresh(name)
    owner.ask("s3", "create_bucket", Bucket=named, **HERE)
    owner.ask("s3", "put_object", Bucket=named, Key="k", Body=b"content")
    return named


def of(bucket: str, *statements: dict[str, Any]) -> str:
    """Return a bucket policy; a statement is about all objects unless it says otherwise."""
    own = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**own, **one} for one in statements]})


def put_policy(owner: Caller, bucket: str, *statements: dict[str, Any]) -> None:
    owner.ask("s3", "put_bucket_policy", Bucket=bucket, Policy=of(bucket, *statements))


def get(caller: Caller, bucket: str, key: str = "k") -> bytes:
    body: bytes = caller.ask("s3", "get_object", Bucket=bucket, Key=key)["Body"].read()
    return body


def to(principal: str) -> dict[str, Any]:
    return {"Principal": {"AWS": principal}}

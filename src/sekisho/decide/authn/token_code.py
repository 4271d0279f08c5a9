"""Stable codes of the checks an IAM token passes before STS is asked."""

from sekisho.decide.decision import ReasonCode


class IamTokenCode(ReasonCode):
    """One code per check, in the order the checks are made."""

    WELL_FORMED = "iam-token.well-formed", "the token may be put to STS at {host} (key {access_key_id})"
    TOO_LONG = "iam-token.too-long", "the token is longer than {limit} bytes"
    PREFIX = "iam-token.prefix", "not an IAM token: it does not start with k8s-aws-v1."
    BASE64 = "iam-token.base64", "what follows the prefix is not unpadded base64url"
    URL = "iam-token.url", "the token does not hold a URL"
    SCHEME = "iam-token.scheme", "the URL in the token is not https"
    USERINFO = "iam-token.userinfo", "the URL in the token carries user information"
    PORT = "iam-token.port", "the URL in the token names a port"
    PATH = "iam-token.path", "the path of the URL in the token is not /"
    FRAGMENT = "iam-token.fragment", "the URL in the token has a fragment"
    QUERY = "iam-token.query-syntax", "the query of the URL in the token is malformed"
    DUPLICATE = "iam-token.duplicate-parameter", "the parameter {parameter} occurs twice"
    UNKNOWN_PARAMETER = (
        "iam-token.unknown-parameter",
        "the URL in the token has a parameter that GetCallerIdentity does not take",
    )
    ACTION = "iam-token.action", "the URL in the token asks for another action than GetCallerIdentity"
    VERSION = "iam-token.version", "the URL in the token names another API version than 2011-06-15"
    CLUSTER_NOT_SIGNED = "iam-token.cluster-not-signed", "the signature does not cover x-k8s-aws-id"
    HOST_NOT_SIGNED = "iam-token.host-not-signed", "the signature does not cover host"
    EXPIRES = "iam-token.expires", "X-Amz-Expires is not a number of seconds from 0 to {limit}"
    ALGORITHM = "iam-token.algorithm", "X-Amz-Algorithm is not AWS4-HMAC-SHA256"
    SIGNATURE = "iam-token.signature-missing", "X-Amz-Signature is not 64 hexadecimal digits"
    DATE = "iam-token.date", "X-Amz-Date does not have the form YYYYMMDDTHHMMSSZ"
    EXPIRED = "iam-token.expired", "the token was signed at {signed_at}, more than 15 minutes before {now}"
    FUTURE = "iam-token.future", "the token was signed at {signed_at}, more than 5 minutes after {now}"
    CREDENTIAL = (
        "iam-token.credential",
        "X-Amz-Credential does not have the form KEY/DATE/REGION/sts/aws4_request",
    )
    SCOPE_SERVICE = "iam-token.scope-service", "the credential scope does not end in sts/aws4_request"
    SCOPE_DATE = "iam-token.scope-date", "the credential scope names another day than {signed_at}"
    SCOPE_PARTITION = (
        "iam-token.scope-partition",
        "the credential scope names a region of partition {partition}; this cluster trusts {expected}",
    )
    SCOPE_REGION = (
        "iam-token.scope-region",
        "the credential scope names region {scope_region}, the host is of {host_region}",
    )

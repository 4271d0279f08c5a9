"""Proof of who sent a request: Signature Version 4, in the header and in the query."""

from sekisho.decide.proof.aws_error import Family, aws_error
from sekisho.decide.proof.canonical import normal_path, uri_encode
from sekisho.decide.proof.code import Code, RepairCode, RequestFault
from sekisho.decide.proof.credential import Credential, Form, Signed, SigningKeys
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.scope import Scope
from sekisho.decide.proof.sign import presign, sign_headers, url_of
from sekisho.decide.proof.spelling import AwsError
from sekisho.decide.proof.verify import CLOCK_SKEW, verify

__all__ = [
    "CLOCK_SKEW",
    "AwsError",
    "Code",
    "Credential",
    "Family",
    "Form",
    "HttpRequest",
    "RepairCode",
    "RequestFault",
    "Scope",
    "Signed",
    "SigningKeys",
    "aws_error",
    "normal_path",
    "presign",
    "sign_headers",
    "uri_encode",
    "url_of",
    "verify",
]

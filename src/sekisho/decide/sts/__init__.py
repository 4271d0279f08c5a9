"""The Security Token Service: who a caller is, and which sessions it may obtain."""

from sekisho.decide.sts.access import DecideAccess, decide_access
from sekisho.decide.sts.access_key_info import get_access_key_info
from sekisho.decide.sts.assume_role import assume_role
from sekisho.decide.sts.authorization_message import decode_message, encode_message, message_about
from sekisho.decide.sts.aws_error import aws_error
from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.caller_identity import (
    CallerIdentity,
    caller_identity,
    federated_user,
    role_session,
    root,
    user,
)
from sekisho.decide.sts.code import StsCode, StsFix, StsNear
from sekisho.decide.sts.context import caller_context, organization_keys, principal_tags, session_keys
from sekisho.decide.sts.facts import Organization, ProviderFacts, RoleFacts, StsFacts
from sekisho.decide.sts.federation_token import get_federation_token
from sekisho.decide.sts.iam_calls import refuse_iam
from sekisho.decide.sts.parameters import (
    AssumeRole,
    AssumeRoleWithWebIdentity,
    GetFederationToken,
    GetSessionToken,
    SessionParameters,
)
from sekisho.decide.sts.session import (
    Origin,
    OriginKind,
    ServiceAccountOrigin,
    Session,
    SessionPolicy,
    Tags,
    WebIdentity,
)
from sekisho.decide.sts.session_token import get_session_token
from sekisho.decide.sts.sts_calls import refuse_sts
from sekisho.decide.sts.web_identity import (
    KeysAnswer,
    KeysFault,
    KeysQuestion,
    conclude,
    conclude_signed,
    jwks_uri,
    plan,
    question_about,
)

__all__ = [
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "CallerIdentity",
    "DecideAccess",
    "GetFederationToken",
    "GetSessionToken",
    "KeysAnswer",
    "KeysFault",
    "KeysQuestion",
    "Organization",
    "Origin",
    "OriginKind",
    "ProviderFacts",
    "RoleFacts",
    "ServiceAccountOrigin",
    "Session",
    "SessionParameters",
    "SessionPolicy",
    "SignedCaller",
    "StsCode",
    "StsFacts",
    "StsFix",
    "StsNear",
    "Tags",
    "WebIdentity",
    "assume_role",
    "aws_error",
    "caller_context",
    "caller_identity",
    "conclude",
    "conclude_signed",
    "decide_access",
    "decode_message",
    "encode_message",
    "federated_user",
    "get_access_key_info",
    "get_federation_token",
    "get_session_token",
    "jwks_uri",
    "message_about",
    "organization_keys",
    "plan",
    "principal_tags",
    "question_about",
    "refuse_iam",
    "refuse_sts",
    "role_session",
    "root",
    "session_keys",
    "user",
]

"""The Security Token Service: who a caller is, and which sessions it may obtain."""

from sekisho.decide.sts.caller_identity import (
    CallerIdentity,
    caller_identity,
    federated_user,
    role_session,
    root,
    user,
)

__all__ = [
    "CallerIdentity",
    "caller_identity",
    "federated_user",
    "role_session",
    "root",
    "user",
]

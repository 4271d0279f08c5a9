"""Values that cannot be wrong: parsed once at the border, never re-checked inside."""

from sekisho.decide.values.arn import PARTITIONS, AccountId, Arn
from sekisho.decide.values.errors import InputFault, SekishoInputError
from sekisho.decide.values.instant import Instant
from sekisho.decide.values.json_value import Json, JsonObject
from sekisho.decide.values.principal import (
    Anonymous,
    Caller,
    FederatedPrincipal,
    KubeUser,
    Principal,
    PrincipalType,
    ServicePrincipal,
)
from sekisho.decide.values.ref import Ref
from sekisho.decide.values.secret import Secret
from sekisho.decide.values.wildcard import Wildcard

__all__ = [
    "PARTITIONS",
    "AccountId",
    "Anonymous",
    "Arn",
    "Caller",
    "FederatedPrincipal",
    "InputFault",
    "Instant",
    "Json",
    "JsonObject",
    "KubeUser",
    "Principal",
    "PrincipalType",
    "Ref",
    "Secret",
    "SekishoInputError",
    "ServicePrincipal",
    "Wildcard",
]

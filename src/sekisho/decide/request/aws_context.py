"""The condition keys that a call brings along: who calls, and what the parameters say.

Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from sekisho.decide.request.aws_call import AwsCall, ResourceState
from sekisho.decide.request.aws_reference import ActionFacts
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.request.aws_tables import ATTACHES, KEYS, MANY, POLICY_TYPE_IN, SAYS_ALL
from sekisho.decide.values import Anonymous, Json, PrincipalType

_TOLD_BY_PARAMETERS = frozenset(
    {
        "s3:requestobjecttag/<key>",
        "s3:requestobjecttagkeys",
        "kms:calleraccount",
        "kms:requestalias",
        "kms:encryptioncontextkeys",
        "kms:encryptioncontext:${encryptioncontextkey}",
    }
)
"""Keys that `request_keys` reads from more than one parameter: absent where it does not tell them."""

_PRINCIPAL_TYPES = {
    PrincipalType.ROOT: "Account",
    PrincipalType.USER: "User",
    PrincipalType.ROLE_SESSION: "AssumedRole",
    PrincipalType.FEDERATED_USER: "FederatedUser",
}


def caller_keys(call: AwsCall) -> dict[str, ContextValue]:
    """Return the global keys that follow from who calls and from where the call goes."""
    caller = call.principal
    if isinstance(caller, Anonymous):
        return {
            "aws:PrincipalAccount": "anonymous",
            "aws:PrincipalType": "Anonymous",
            "aws:userid": "anonymous",
            "aws:RequestedRegion": call.region,
        }
    keys: dict[str, ContextValue] = {
        "aws:PrincipalArn": str(caller.entity),
        "aws:PrincipalAccount": str(caller.account),
        "aws:PrincipalType": _PRINCIPAL_TYPES[caller.type],
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "true" if call.via else "false",
        "aws:userid": caller.user_id,
        "aws:RequestedRegion": call.region,
    }
    if caller.type is PrincipalType.USER:
        keys["aws:username"] = caller.arn.resource.rpartition("/")[2]
    if call.via:
        first, last = call.via[0], call.via[-1]
        keys |= {"aws:CalledVia": call.via, "aws:CalledViaFirst": first, "aws:CalledViaLast": last}
    tags = call.caller_tags or {}
    return keys | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def state_keys(facts: ActionFacts, state: ResourceState) -> dict[str, ContextValue]:
    """Return the keys that tell the state of the resource, its tags included.

    A key of the service's own is one of those that the action may bring: who lists roles is not asked
    for their boundaries. Tags of IAM's resources have a name of IAM's own too.
    """
    told = ((key, value) for key, value in state.keys.items() if value is not None)
    own = facts.condition_keys | facts.resource_keys
    keys = {key: value for key, value in told if key.startswith("aws:") or key.lower() in own}
    is_iam = facts.name.startswith("iam:")
    families = ("aws:ResourceTag", "iam:ResourceTag") if is_iam else ("aws:ResourceTag",)
    tags = state.tags or {}
    return keys | {f"{family}/{key}": value for family in families for key, value in tags.items()}


def request_keys(call: AwsCall) -> dict[str, ContextValue]:
    """Return the keys that follow from the parameters; one that was not sent is absent."""
    keys: dict[str, ContextValue] = {}
    for key, path in KEYS.get(call.service, {}).items():
        value = _key_value(_at(call.parameters, path), many=key.lower() in MANY)
        if value is not None:
            keys[key] = value
    if call.service == "iam" and call.operation in ATTACHES and (policy := call.text("PolicyArn")):
        keys["iam:PolicyARN"] = policy
    if call.service == "organizations":
        sent = next(filter(None, (call.text(parameter) for parameter in POLICY_TYPE_IN)), None)
        keys |= {} if sent is None else {"organizations:PolicyType": sent}
    tags = _tags(call)
    keys |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    named = _at(call.parameters, ("TagKeys",)) or _at(call.parameters, ("tagKeys",))
    tag_keys = tuple(tags) or _key_value(named, many=True)
    if tag_keys:
        keys["aws:TagKeys"] = tag_keys
    if call.service == "s3":
        keys |= _object_tags(call)
    if call.service == "kms":
        keys |= _encryption_context(call)
    return keys


def untold_keys(call: AwsCall, facts: ActionFacts, state: ResourceState) -> frozenset[str]:
    """Return the keys that may be in the context and that nobody told.

    They are unread, not absent: a deny that asks for one of them must not be passed over. A
    key that is present after all stays present. Other global keys come from the door.
    """
    says_all = call.operation.startswith(SAYS_ALL.get(call.service, ()))
    told = {key.lower() for key in KEYS.get(call.service, ())} if says_all else set()
    told |= {key.lower() for key in state.keys}
    untold = {
        _family(key)
        for key in (facts.condition_keys - told) | facts.resource_keys
        if not key.startswith(("aws:", "iam:resourcetag/")) and key not in _TOLD_BY_PARAMETERS
    }
    if call.caller_tags is None:
        untold.add("aws:principaltag/*")
    if state.tags is None and facts.resource_types:
        untold |= {"aws:resourcetag/*", "iam:resourcetag/*"}
    return frozenset(untold)


def _family(key: str) -> str:
    """Return a key whose last part is a tag name (``s3:existingobjecttag/<key>``) as its family."""
    family, slash, name = key.partition("/")
    is_placeholder = name.startswith(("${", "<")) or name == "tag-key"
    return f"{family}/*" if slash and is_placeholder else key


def _object_tags(call: AwsCall) -> dict[str, ContextValue]:
    """Read the tags of an object that is written: a query string, or the TagSet of PutObjectTagging."""
    header = call.text("Tagging")
    listed = _at(call.parameters, ("Tagging", "TagSet"))
    tags = _listed(listed) if header is None else dict(parse_qsl(header, keep_blank_values=True))
    keys: dict[str, ContextValue] = {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
    return keys | {"s3:RequestObjectTagKeys": tuple(tags)} if tags else keys


def _encryption_context(call: AwsCall) -> dict[str, ContextValue]:
    """Read what KMS binds a ciphertext to, and who calls."""
    given = call.parameters.get("EncryptionContext") or call.parameters.get("SourceEncryptionContext")
    pairs = given if isinstance(given, Mapping) else {}
    keys: dict[str, ContextValue] = {
        f"kms:EncryptionContext:{name}": value for name, value in pairs.items() if isinstance(value, str)
    }
    if pairs:
        keys["kms:EncryptionContextKeys"] = tuple(pairs)
    alias = call.text("KeyId") or ""
    if ":alias/" in alias or alias.startswith("alias/"):
        keys["kms:RequestAlias"] = alias.rpartition(":")[2]
    if not isinstance(call.principal, Anonymous):
        keys["kms:CallerAccount"] = str(call.principal.account)
    return keys


def _tags(call: AwsCall) -> dict[str, str]:
    """Read tags as lists of Key and Value (IAM, STS) or as an object (EKS, Cognito)."""
    named = ("Tags", "tags", "UserPoolTags")
    tags = next((value for name in named if (value := call.parameters.get(name))), None)
    if isinstance(tags, Mapping):
        return {key: value for key, value in tags.items() if isinstance(value, str)}
    return _listed(tags)


def _listed(tags: Json) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags if isinstance(tags, list) else ():
        match tag:
            case {"Key": str(key), "Value": str(value)} | {"TagKey": str(key), "TagValue": str(value)}:
                found[key] = value
    return found


def _at(value: Json, path: Sequence[str]) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _key_value(value: Json, *, many: bool) -> ContextValue | None:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return (str(value),) if many else str(value)
        case list():
            return tuple(str(member) for member in value)
        case _:
            return None

"""Resource policies as they are written: checked against our grammar, refused in the service's words.

Sources: Amazon S3 API Reference, "Error responses" (MalformedPolicy); AWS KMS API Reference,
PutKeyPolicy; AWS Secrets Manager API Reference, PutResourcePolicy; Amazon SQS, SNS, ECR and
DynamoDB API References. Whoever a policy names has to exist, as in a trust policy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sekisho.decide.iam.document import Policy, parse_policy
from sekisho.decide.iam.grammar import FaultCode, PolicyKind
from sekisho.decide.iam.principals import PrincipalKind
from sekisho.decide.iam.public_access import public_statements
from sekisho.decide.iam.statement import Effect, Statement
from sekisho.decide.values import InputFault, Json, Ref, SekishoInputError, Wildcard, documents
from sekisho.lab.aws.iam.principals import checked_principal
from sekisho.lab.aws.moto.store import kept
from sekisho.lab.aws.operation import AwsError, Context, Parameters

_NOT_JSON: Final = "Policies must be valid JSON and the first byte must be '{'"
MAX_CHARS: Final = {
    "s3": 20_480,
    "kms": 32_768,
    "secretsmanager": 20_480,
    "sqs": 20_480,
    "sns": 30_720,
    "dynamodb": 20_480,
    "ecr": 10_240,
}
"""The longest policy of each service (its quotas page), white space included."""


@dataclass(frozen=True, slots=True)
class PolicyWrite:
    """A policy that a call writes: its text, and whom it names (ARN -> unique id)."""

    service: str
    text: str
    unique_ids: Mapping[str, str]


def policy_write(
    context: Context, service: str, operation: str, parameters: Parameters
) -> PolicyWrite | None:
    """Return the checked policy that a permitted call is about to write; None if it writes none.

    Raises:
        AwsError: the service's own refusal of the document; nothing was written.
    """
    find = _WRITTEN_BY.get((service, operation))
    text = None if find is None else find(parameters)
    if text is None or text == "":
        return None
    policy = _read(service, text)
    ids = _checked_names(context, service, policy)
    if service == "s3":
        _check_bucket_policy(str(parameters["Bucket"]), policy, context)
    if operation == "PutResourcePolicy" and parameters.get("BlockPublicPolicy") and public_statements(policy):
        raise AwsError(
            "PublicPolicyException",
            "You can't attach a resource policy that allows broad access to the secret.",
        )
    return PolicyWrite(service, text, ids)


def written_key(service: str, operation: str, resource: str, answer: bytes) -> str:
    """Return the ARN of the resource whose policy was written; a new key says its own in the answer."""
    if (service, operation) != ("kms", "CreateKey"):
        return resource
    value: Any = documents.parse_json(answer)
    return str(value["KeyMetadata"]["Arn"])


def malformed(service: str, sentence: str) -> AwsError:
    """Return the refusal of a policy in the words of a service; ``sentence`` is in those of S3."""
    match service:
        case "s3":
            return AwsError("MalformedPolicy", sentence)
        case "kms":
            return AwsError("MalformedPolicyDocumentException", sentence)
        case "secretsmanager":
            return AwsError(
                "MalformedPolicyDocumentException", f"This resource policy contains a fault: {sentence}"
            )
        case "sqs":
            return AwsError("InvalidAttributeValue", "Invalid value for the parameter Policy.")
        case "sns":
            return AwsError("InvalidParameter", f"Invalid parameter: Policy Error: {sentence}")
        case "ecr":
            problem = f"Invalid parameter at 'PolicyText' failed to satisfy constraint: '{sentence}'"
            return AwsError("InvalidParameterException", problem)
    return AwsError("ValidationException", f"Invalid policy document: {sentence}")


def _read(service: str, text: str) -> Policy:
    if len(text) > MAX_CHARS[service]:
        raise malformed(service, f"Policy size cannot exceed {MAX_CHARS[service]} characters")
    if not text.lstrip().startswith("{"):
        raise malformed(service, _NOT_JSON)
    try:
        policy = parse_policy(text, Ref("Policy"), PolicyKind.RESOURCE)
    except SekishoInputError as error:
        raise malformed(service, _sentence(error.faults[0])) from error
    if service in ("s3", "kms", "secretsmanager") and any(not one.resources for one in policy.statements):
        raise malformed(service, "Missing required field Resource")
    return policy


def _sentence(fault: InputFault) -> str:
    name = fault.at.pointer.rpartition("/")[2]
    match fault.code:
        case FaultCode.UNKNOWN_ELEMENT:
            return f"Unknown field {name}"
        case FaultCode.MISSING:
            missing = next((word for word in ("Principal", "Resource") if word in fault.problem), "Action")
            return f"Missing required field {missing}"
        case FaultCode.ACTION:
            return "Policy has invalid action"
        case FaultCode.RESOURCE:
            return "Policy has invalid resource"
        case FaultCode.PRINCIPAL_FORM | FaultCode.PRINCIPAL:
            return "Invalid principal in policy"
        case FaultCode.CONDITION | FaultCode.OPERATOR:
            return "Policy has an invalid condition"
        case FaultCode.DUPLICATE_SID:
            return "Statement IDs (SID) in a single policy must be unique."
        case FaultCode.EFFECT:
            return "Invalid effect"
        case FaultCode.NO_STATEMENT:
            return "Could not parse the policy: Statement is empty!"
    return _NOT_JSON if not name else "Invalid policy syntax."


def _checked_names(context: Context, service: str, policy: Policy) -> dict[str, str]:
    found: dict[str, str] = {}
    for statement in policy.statements:
        for name in () if statement.principals is None else statement.principals.names:
            try:
                unique_id = (
                    ""
                    if name.kind is PrincipalKind.CANONICAL_USER
                    else checked_principal(context, name.kind, name.text)
                )
            except AwsError as error:
                raise malformed(service, "Invalid principal in policy") from error
            if unique_id:
                found[name.text] = unique_id
    return found


def _check_bucket_policy(bucket: str, policy: Policy, context: Context) -> None:
    arn = f"arn:{context.partition}:s3:::{bucket}"
    for statement in policy.statements:
        if any(not _is_of_bucket(pattern.text, arn) for pattern in statement.resources):
            raise malformed("s3", "Policy has invalid resource")
        if any(not _is_of_s3(action.text) for action in statement.actions):
            raise malformed("s3", "Policy has invalid action")
        if not _acts_on_its_resources(statement, arn):
            raise malformed("s3", "Action does not apply to any resource(s) in statement")
    held = kept(arn, context.region)
    if held is not None and held.blocks_public and public_statements(policy):
        raise AwsError(
            "AccessDenied",
            f"User: {context.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"{arn}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block '
            "Public Access.",
            403,
        )


def _is_of_bucket(pattern: str, arn: str) -> bool:
    """Tell whether a pattern can only mean the bucket and what is in it; ``*`` after the name is allowed."""
    name, slash, _ = pattern.partition("/")
    return name == arn or (not slash and name == f"{arn}*") or Wildcard(pattern).matches(arn)


def _is_of_s3(action: str) -> bool:
    return action == "*" or action.partition(":")[0].lower() == "s3"


def _acts_on_its_resources(statement: Statement, arn: str) -> bool:
    """Tell whether at least one named action on objects or on the bucket meets a resource of its kind."""
    if statement.not_action or statement.not_resource or statement.effect is Effect.DENY:
        return True
    of_objects = any("object" in action.text.lower() or "*" in action.text for action in statement.actions)
    of_bucket = any("object" not in action.text.lower() or "*" in action.text for action in statement.actions)
    objects = any(pattern.text != arn for pattern in statement.resources)
    bucket = any(not pattern.text.startswith(f"{arn}/") for pattern in statement.resources)
    return (of_objects and objects) or (of_bucket and bucket)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _attribute(parameters: Parameters) -> str | None:
    attributes = parameters.get("Attributes")
    return attributes.get("Policy") if isinstance(attributes, Mapping) else None


def _topic_attribute(parameters: Parameters) -> str | None:
    return _text(parameters.get("AttributeValue")) if parameters.get("AttributeName") == "Policy" else None


def _member(name: str) -> Callable[[Parameters], str | None]:
    return lambda parameters: _text(parameters.get(name))


_WRITTEN_BY: Final[Mapping[tuple[str, str], Callable[[Parameters], str | None]]] = {
    ("s3", "PutBucketPolicy"): _member("Policy"),
    ("kms", "CreateKey"): _member("Policy"),
    ("kms", "PutKeyPolicy"): _member("Policy"),
    ("secretsmanager", "PutResourcePolicy"): _member("ResourcePolicy"),
    ("sqs", "CreateQueue"): _attribute,
    ("sqs", "SetQueueAttributes"): _attribute,
    ("sns", "CreateTopic"): _attribute,
    ("sns", "SetTopicAttributes"): _topic_attribute,
    ("dynamodb", "PutResourcePolicy"): _member("Policy"),
    ("dynamodb", "CreateTable"): _member("ResourcePolicy"),
    ("ecr", "SetRepositoryPolicy"): _member("policyText"),
}

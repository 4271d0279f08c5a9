"""Trust policies: what IAM checks when one is written, and how it is read back.

IAM User Guide, "Policy elements: Principal": a user or role is remembered by its unique id,
so the principal has to exist; when it is deleted the document shows the id instead.
"""

from collections.abc import Iterator, Mapping

from sekisho.decide.iam import PolicyKind, policy_size, read_policy
from sekisho.decide.iam.grammar import MAX_TRUST_CHARS, FaultCode
from sekisho.decide.iam.malformed import SYNTAX
from sekisho.decide.values import InputFault, Json, Ref, SekishoInputError, documents
from sekisho.facts import Role, Snapshot
from sekisho.lab.aws.iam.errors import malformed_document, over_quota
from sekisho.lab.aws.iam.principals import by_unique_id, checked_principal, principals_in
from sekisho.lab.aws.operation import Context

TrustedIds = tuple[tuple[str, str], ...]


def checked_trust(context: Context, text: str, role: str) -> TrustedIds:
    """Return the unique ids of the users and roles that a trust policy names, by their ARNs.

    Raises:
        AwsError: MalformedPolicyDocument; LimitExceeded if it is too long.
    """
    at = Ref(f"{role}/trust")
    try:
        value = documents.parse_json(text, at.document)
    except SekishoInputError as error:
        raise malformed_document("This policy contains invalid Json") from error
    try:
        read_policy(value, at, PolicyKind.TRUST)
    except SekishoInputError as error:
        fault = error.faults[0]
        if "Principal" in fault.at.tokens():
            # IAM says in words of its own which principal it does not take.
            _trusted_ids(context, value)
        raise malformed_document(_sentence(fault)) from error
    found = _trusted_ids(context, value)
    if policy_size(text) > MAX_TRUST_CHARS:
        raise over_quota("ACLSizePerRole", MAX_TRUST_CHARS)
    return tuple(found.items())


def rendered_trust(facts: Snapshot, role: Role) -> str:
    """Return the trust policy as IAM shows it today: gone principals by id, renamed ones by new ARN."""
    changed = {name: now for name, unique_id in role.trusted_ids if (now := _shown(facts, unique_id)) != name}
    if not changed:
        return role.trust
    value = documents.parse_json(role.trust)
    return documents.to_json(_renamed(value, changed)).decode()


def _trusted_ids(context: Context, value: Json) -> dict[str, str]:
    found: dict[str, str] = {}
    for statement in _statements(value):
        for kind, name in principals_in(statement.get("Principal")):
            unique_id = checked_principal(context, kind, name)
            if unique_id:
                found[name] = unique_id
    return found


def _sentence(fault: InputFault) -> str:
    name = fault.at.pointer.rpartition("/")[2]
    if fault.code == FaultCode.UNKNOWN_ELEMENT:
        return f"Unknown field {name}"
    if fault.code in (FaultCode.RESOURCE, FaultCode.PRINCIPAL):
        return f"Has prohibited field {name}"
    if fault.code == FaultCode.MISSING:
        return f"Missing required field {'Principal' if 'Principal' in fault.problem else 'Action'}"
    if fault.code == FaultCode.DUPLICATE_SID:
        return "Statement IDs (SID) in a single policy must be unique."
    if fault.code == FaultCode.ACTION:
        return "AssumeRole policy may only specify STS AssumeRole actions."
    return SYNTAX


def _statements(value: Json) -> Iterator[Mapping[str, Json]]:
    statements = value["Statement"] if isinstance(value, Mapping) else ()
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, Mapping):
            yield statement


def _shown(facts: Snapshot, unique_id: str) -> str:
    entity = by_unique_id(facts, unique_id)
    return unique_id if entity is None else str(entity.arn)


def _renamed(value: Json, names: Mapping[str, str]) -> Json:
    """Return a trust policy with other names for its AWS principals."""

    def principal(member: Json) -> Json:
        if not isinstance(member, Mapping) or "AWS" not in member:
            return member
        known = member["AWS"]
        if isinstance(known, list):
            return {**member, "AWS": [names.get(str(name), name) for name in known]}
        return {**member, "AWS": names.get(str(known), known)}

    assert isinstance(value, Mapping)  # noqa: S101 - it was checked when it was written
    statements = [
        {**statement, "Principal": principal(statement["Principal"])} for statement in _statements(value)
    ]
    return {**value, "Statement": statements if isinstance(value["Statement"], list) else statements[0]}

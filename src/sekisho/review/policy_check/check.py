"""Check one policy document: every rule, on every statement that can be read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sekisho.decide.iam import Policy, PolicyKind, policy_size, read_policy
from sekisho.decide.iam.document import MAX_TEXT_CHARS
from sekisho.decide.iam.grammar import VERSION_WITH_VARIABLES, VERSIONS
from sekisho.decide.values import Json, Ref, SekishoInputError, documents
from sekisho.review.policy_check.action_rules import check_actions, check_repeated
from sekisho.review.policy_check.breadth_rules import check_breadth
from sekisho.review.policy_check.cover_rules import check_cover
from sekisho.review.policy_check.document_rules import check_empty_conditions, check_size, statements_of
from sekisho.review.policy_check.federation_rules import check_federation
from sekisho.review.policy_check.finding import Finding, grammar_finding
from sekisho.review.policy_check.key_rules import check_keys
from sekisho.review.policy_check.kind import recognise_kind
from sekisho.review.policy_check.reference import Reference
from sekisho.review.policy_check.resource_rules import check_resources
from sekisho.review.policy_check.value_rules import check_values


def check_policy(
    value: Json, at: Ref, reference: Reference, kind: PolicyKind | None = None
) -> tuple[Finding, ...]:
    """Return everything that is wrong or doubtful with the policy document ``value``.

    Args:
        value: the document, parsed from JSON or YAML.
        at: what it is called; findings point to places below it.
        reference: what is known of AWS's actions.
        kind: what the document is for; None recognises it by its elements.

    Total: a document that the parser refuses has its faults as findings, and the other rules look at the
    statements that can be read.
    """
    chosen = recognise_kind(value) if kind is None else kind
    findings = [*check_size(value, at, chosen), *check_empty_conditions(value, at)]
    if policy_size(documents.to_json(value).decode()) > MAX_TEXT_CHARS:
        return tuple(findings)  # no API takes it, and the rules would take long
    try:
        policy: Policy | None = read_policy(value, at, chosen)
    except SekishoInputError as error:
        findings += [grammar_finding(fault) for fault in error.faults]
        policy = _readable_part(value, at, chosen)
    if policy is not None:
        findings += check_statements(policy, reference)
    return tuple(dict.fromkeys(findings))


def check_statements(policy: Policy, reference: Reference) -> Iterator[Finding]:
    """Yield what the rules find in a policy that can be evaluated."""
    for statement in policy.statements:
        yield from check_actions(statement, reference)
        yield from check_repeated(statement)
        yield from check_resources(statement, reference)
        yield from check_keys(statement, reference)
        yield from check_values(policy, statement, reference)
        yield from check_breadth(policy, statement)
        yield from check_federation(policy, statement)
    yield from check_cover(policy)


def _readable_part(value: Json, at: Ref, kind: PolicyKind) -> Policy | None:
    """Return the policy of those statements alone that can be read, at their own places; None if none can."""
    version = value.get("Version", "2008-10-17") if isinstance(value, Mapping) else ""
    head: dict[str, Json] = {"Version": version if _is_known(version) else VERSION_WITH_VARIABLES}
    readable = {
        index: member
        for index, (member, _) in enumerate(statements_of(value, at))
        if isinstance(member, Mapping) and _is_readable({**head, "Statement": member}, kind)
    }
    if not readable:
        return None
    # One that can be read stands in for each that cannot, so that the others keep their places.
    stand_in = _without_sid(next(iter(readable.values())))
    listed: list[Json] = []
    sids: set[Json] = set()
    for index in range(max(readable) + 1):
        member = readable.get(index, stand_in)
        sid = member.get("Sid", "")
        listed.append(_without_sid(member) if sid in sids else member)
        sids.add(sid)
    policy = read_policy({**head, "Statement": listed}, at, kind)
    return replace(policy, statements=tuple(policy.statements[index] for index in readable))


def _is_known(version: Json) -> bool:
    return isinstance(version, str) and version in VERSIONS


def _without_sid(statement: Mapping[str, Json]) -> Mapping[str, Json]:
    return {name: part for name, part in statement.items() if name != "Sid"}


def _is_readable(value: Mapping[str, Json], kind: PolicyKind) -> bool:
    try:
        read_policy(value, Ref(""), kind)
    except SekishoInputError:
        return False
    return True

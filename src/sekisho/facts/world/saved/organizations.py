"""The ``organizations`` of a world file, made from facts."""

from sekisho.decide.values import Json, JsonObject
from sekisho.facts.model import (
    AccountCreation,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
)
from sekisho.facts.organization import AWS_MANAGED, email_of
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.world.organization_tables import ALL_FEATURES
from sekisho.facts.world.saved.accounts import filled, policy_document, tags_document


def organization_document(facts: Snapshot, id_: str) -> JsonObject:
    """Return an organization with its policies and its tree: OUs by name, accounts by id."""
    organization = facts.organization(id_)
    assert organization is not None  # noqa: S101 - it was listed
    policies = sorted(facts.organization_policies(id_), key=lambda one: (one.type, one.name, one.policy))
    root = {
        "id": organization.root,
        "policyTypes": [str(kind) for kind in organization.policy_types],
        "policies": _attached(organization, policies, organization.attached),
        "tags": tags_document(organization.root_tags),
        **_children(facts, organization, policies, organization.root),
    }
    creations = sorted(facts.account_creations(id_), key=lambda one: (one.requested, one.request))
    return filled(
        {
            "management": organization.management,
            "id": id_,
            "created": organization.created.rfc3339(),
            "featureSet": None if organization.feature_set == ALL_FEATURES else organization.feature_set,
            "policies": [_policy(one) for one in policies],
            # Without types the reader would enable SCPs: an empty list says that there are none.
            "root": {"id": organization.root, "policyTypes": root["policyTypes"], **filled(root)},
            "accountCreations": [_creation(one) for one in creations],
        }
    )


def _policy(policy: OrganizationPolicy) -> JsonObject:
    return filled(
        {
            "name": policy.name,
            "id": policy.policy,
            "type": str(policy.type),
            "description": policy.description,
            "document": policy_document(policy.text),
            "tags": tags_document(policy.tags),
        }
    )


def _children(
    facts: Snapshot, organization: Organization, policies: list[OrganizationPolicy], parent: str
) -> dict[str, Json]:
    id_ = organization.organization
    members = sorted(
        (one for one in facts.organization_accounts(id_) if one.parent == parent),
        key=lambda one: one.account,
    )
    units = sorted(
        (one for one in facts.organizational_units(id_) if one.parent == parent), key=lambda one: one.name
    )
    return {
        "accounts": [_member(facts, organization, policies, one) for one in members],
        "units": [_unit(facts, organization, policies, one) for one in units],
    }


def _member(
    facts: Snapshot,
    organization: Organization,
    policies: list[OrganizationPolicy],
    member: OrganizationAccount,
) -> JsonObject:
    account = facts.account(member.account)
    return filled(
        {
            "account": member.account,
            "name": None if account is not None and account.name == member.name else member.name,
            "email": None if member.email == email_of(member.account) else member.email,
            "joined": member.joined.rfc3339(),
            "joinedMethod": None if member.joined_method == "INVITED" else member.joined_method,
            "policies": _attached(organization, policies, member.attached),
            "tags": tags_document(member.tags),
        }
    )


def _unit(
    facts: Snapshot, organization: Organization, policies: list[OrganizationPolicy], unit: OrganizationalUnit
) -> JsonObject:
    return filled(
        {
            "name": unit.name,
            "id": unit.unit,
            "policies": _attached(organization, policies, unit.attached),
            "tags": tags_document(unit.tags),
            **_children(facts, organization, policies, unit.unit),
        }
    )


def _attached(
    organization: Organization, policies: list[OrganizationPolicy], attached: tuple[str, ...]
) -> list[Json]:
    """Return the attached policies, by name where that is one policy's alone; empty for AWS's own alone."""
    if attached == tuple(AWS_MANAGED[kind].policy for kind in organization.policy_types):
        return []
    known = (*AWS_MANAGED.values(), *policies)
    names = [one.name for one in known]
    ids = {one.policy for one in known}
    spelled = {one.policy: one.name for one in known if names.count(one.name) == 1 and one.name not in ids}
    return [spelled.get(policy, policy) for policy in attached]


def _creation(creation: AccountCreation) -> JsonObject:
    return filled(
        {
            "id": creation.request,
            "name": creation.name,
            "requested": creation.requested.rfc3339(),
            "account": creation.account,
            "failure": creation.failure,
        }
    )

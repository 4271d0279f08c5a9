"""A role as IAM's answers write it."""

from collections.abc import Mapping
from typing import Any

from sekisho.facts import Role, Snapshot
from sekisho.lab.aws.iam.documents import on_wire
from sekisho.lab.aws.iam.trust import rendered_trust


def role_identity(facts: Snapshot, role: Role) -> Mapping[str, Any]:
    """Return what every answer tells of a role."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": str(role.arn),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": on_wire(rendered_trust(facts, role)),
    }

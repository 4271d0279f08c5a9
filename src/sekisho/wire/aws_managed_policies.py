"""AWS's own managed policies, from the catalogue that moto ships.

Only the data file is read: the moto services themselves are not loaded for it.
"""

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sekisho.decide.values import Instant


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """One policy of the catalogue; ``document`` is the JSON text of its default version."""

    arn: str
    name: str
    path: str
    version: str
    created: Instant
    updated: Instant
    document: str


def aws_policy(arn: str) -> AwsPolicy | None:
    """Return the AWS managed policy with this ARN, or None."""
    return aws_policies().get(arn)


def aws_policy_text(arn: str) -> str | None:
    """Return the document of an AWS managed policy, or None."""
    found = aws_policy(arn)
    return None if found is None else found.document


@cache
def aws_policies() -> dict[str, AwsPolicy]:
    """Return the catalogue by ARN; empty without the ``lab`` extra.

    Reading it takes about 0.2 s, once.
    """
    found = {}
    for name, entry in json.loads(_catalogue()).items():
        policy = AwsPolicy(
            f"arn:aws:iam::aws:policy{entry['Path']}{name}",
            name,
            entry["Path"],
            entry["DefaultVersionId"],
            Instant.parse_rfc3339(entry["CreateDate"]),
            Instant.parse_rfc3339(entry["UpdateDate"]),
            json.dumps(entry["Document"]),
        )
        found[policy.arn] = policy
    return found


def _catalogue() -> str:
    package = importlib.util.find_spec("moto")
    if package is None or not package.submodule_search_locations:
        return "{}"
    path = Path(package.submodule_search_locations[0]) / "iam" / "aws_managed_policies.py"
    spec = importlib.util.spec_from_file_location("_sekisho_aws_managed_policies", path)
    if spec is None or spec.loader is None:
        return "{}"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data = module.aws_managed_policies_data
    return data if isinstance(data, str) else "{}"

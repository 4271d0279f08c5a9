"""The condition keys that tell the state of the access entry that a call is about.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic
Kubernetes Service", condition keys of the resource type ``access-entry``.
"""

from collections.abc import Mapping

from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import AccountId
from sekisho.facts import Snapshot
from sekisho.lab.aws.operation import Parameters


def entry_keys(
    facts: Snapshot, account: AccountId, region: str, service: str, parameters: Parameters
) -> Mapping[str, ContextValue]:
    """Return the keys of the entry that ``parameters`` name; none if they name no entry that exists."""
    name, principal = parameters.get("clusterName"), parameters.get("principalArn")
    if service != "eks" or not isinstance(name, str) or not isinstance(principal, str):
        return {}
    cluster = facts.cluster(account, region, name)
    found = None if cluster is None else facts.access_entry(str(cluster.arn), principal)
    if found is None:
        return {}
    tags = {f"aws:ResourceTag/{key}": value for key, value in found.tags}
    return {
        "eks:clusterName": name,
        "eks:principalArn": principal,
        "eks:accessEntryType": str(found.entry.type),
        "eks:username": found.entry.username,
        "eks:kubernetesGroups": found.entry.groups,
        **tags,
    }

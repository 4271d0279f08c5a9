"""aws-auth among the facts: the ConfigMap, its data, and what they map in a managed control plane."""

from collections.abc import Mapping
from dataclasses import replace

import yaml

from sekisho.decide.authn import aws_auth
from sekisho.decide.authn.aws_auth import AwsAuth
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.values import Json, JsonObject, Ref
from sekisho.facts.keys import Key, kube_key
from sekisho.facts.manifest import text

NAMESPACE = "kube-system"
NAME = "aws-auth"

RULES = Rules(Reading.EKS, sso_role_match=False)
"""The managed control plane compares ARNs as they are written and knows no ``sso`` entries."""


def aws_auth_key(cluster_arn: str) -> Key:
    """Return the key of the ConfigMap in a cluster."""
    return kube_key(cluster_arn, "", "configmaps", NAMESPACE, NAME)


def is_aws_auth(body: JsonObject) -> bool:
    """Whether an object is the aws-auth ConfigMap."""
    metadata = body.get("metadata")
    named = (text(metadata, "namespace"), text(metadata, "name"))
    return (text(body, "kind"), text(body, "apiVersion"), *named) == ("ConfigMap", "v1", NAMESPACE, NAME)


def data_of(body: JsonObject) -> dict[str, str]:
    """Return the sections of the ConfigMap; a member that is not text is left out."""
    data = body.get("data")
    members = data.items() if isinstance(data, Mapping) else ()
    return {name: member for name, member in members if isinstance(member, str)}


def read_data(data: Mapping[str, str], at: Ref, *, rewritten: bool = False) -> AwsAuth:
    """Return what the sections map, as EKS reads them. Total; ``at`` is where the sections stand.

    With ``rewritten`` the texts were made from structure, so notices have no line inside them.
    """
    found = aws_auth.parse(data, RULES, at)
    if not rewritten:
        return found
    return replace(found, notices=tuple(replace(notice, line=0) for notice in found.notices))


def config_map(data: Mapping[str, str]) -> JsonObject:
    """Return the ConfigMap with the given sections."""
    metadata = {"name": NAME, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def section_text(entries: Json) -> str:
    """Return entries as the YAML text of a section."""
    return yaml.safe_dump(entries, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1000)

"""The ConfigMap ``kube-system/aws-auth`` of a cluster (EKS User Guide, "Grant IAM users access")."""

from collections.abc import Mapping

import yaml

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.client import KubeClient, KubeConflict
from sekisho.connect.kube.stored import Outrun, Stored
from sekisho.decide.authn.aws_auth import CONFIG_MAP
from sekisho.decide.values import JsonObject

COLLECTION = "/api/v1/namespaces/kube-system/configmaps"
PATH = f"{COLLECTION}/aws-auth"
NAME = {"name": "aws-auth", "namespace": "kube-system"}

_OF_THE_SERVER = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)


def load_from_cluster(client: KubeClient) -> Stored:
    """Return the ConfigMap as it is now; its ``write`` creates one if there is none.

    Everything but ``data`` is written back as it was read, resourceVersion included: that is what
    makes the server refuse if somebody else was faster.

    Raises:
        EnvironmentFailure: the server refused, could not be reached or answered something else.
    """
    found = client.read(PATH)
    data = _data(found)

    def write(after: Mapping[str, str]) -> None:
        try:
            if found is None:
                body: JsonObject = {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": NAME,
                    "data": dict(after),
                }
                client.create(COLLECTION, body)
            else:
                client.replace(PATH, {**found, "data": dict(after)})
        except KubeConflict as conflict:
            raise Outrun(str(conflict)) from None

    return Stored(data, CONFIG_MAP, _manifest(found, data), write)


def _data(found: JsonObject | None) -> dict[str, str]:
    match found:
        case None:
            return {}
        case {"kind": "ConfigMap", "metadata": {"resourceVersion": str(version)}} if version:
            data = found.get("data") or {}
            if isinstance(data, Mapping):
                texts = {str(name): text for name, text in data.items() if isinstance(text, str)}
                if len(texts) == len(data):
                    return texts
    raise EnvironmentFailure(f"GET {PATH}", "the answer is not a ConfigMap")


def _manifest(found: JsonObject | None, data: Mapping[str, str]) -> str:
    """Return what ``kubectl replace -f`` takes: without what only the server may say."""
    if found is None:
        return ""
    metadata = found.get("metadata")
    kept = {
        name: value
        for name, value in (metadata.items() if isinstance(metadata, Mapping) else ())
        if name not in _OF_THE_SERVER
    }
    manifest = {**found, "metadata": kept, "data": dict(data)}
    return str(yaml.dump(manifest, Dumper=_Readable, sort_keys=False, allow_unicode=True))


class _Readable(yaml.SafeDumper):
    """Writes text of several lines as block literals, the way people write aws-auth."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)

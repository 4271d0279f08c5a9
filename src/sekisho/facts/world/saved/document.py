"""From facts to a world file: what `sekisho.facts.world.file` reads back as the same facts.

What changes: access keys (their secrets stand nowhere), MFA devices, passwords and temporary credentials,
user pools, requests to delete service-linked roles, change sets and events of stacks, endpoint and
authority of a cluster, and of Kubernetes objects uid, resourceVersion and dates.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sekisho.decide.values import Json
from sekisho.facts.keys import Kind
from sekisho.facts.model import Cluster
from sekisho.facts.snapshot import Put, Snapshot
from sekisho.facts.world.saved.accounts import access_key_profiles, account_document, gone_principals
from sekisho.facts.world.saved.clusters import cluster_document
from sekisho.facts.world.saved.organizations import organization_document
from sekisho.facts.world.saved.stacks import stack_documents
from sekisho.facts.world.saved.text import world_text
from sekisho.facts.world.tables import API_VERSION, KIND

_LEFT_OUT = {
    Kind.MFA_DEVICE: "MFA devices are not saved, because their seeds are secrets",
    Kind.LOGIN_PROFILE: "passwords of users are not saved",
    Kind.USER_POOL: "user pools are not saved",
    Kind.CHANGE_SET: "change sets are not saved",
}

Stock = Callable[[Cluster], Iterable[Put]]
"""The objects that a cluster has without anybody having made them."""


@dataclass(frozen=True, slots=True)
class SavedWorld:
    """The text of a world file, and sentences about what it leaves out."""

    text: str
    notices: tuple[str, ...]


def save_world(
    facts: Snapshot,
    region: str,
    profiles: Mapping[str, str],
    stock: Stock,
    images: Sequence[Json] = (),
) -> SavedWorld:
    """Return the world file of ``facts``. Total; equal facts give equal text.

    Args:
        facts: everything there is.
        region: the region of the lab's shell.
        profiles: the profiles of access keys, by key id; a key without one gets one.
        stock: what each cluster has from the start; it is left out.
        images: the image table, as a world file has it.
    """
    notices: list[str] = []
    names = access_key_profiles(facts, profiles)
    gone = gone_principals(facts)
    accounts = sorted(facts.scope(Kind.ACCOUNT, ""))
    clusters = sorted(facts.clusters(), key=lambda one: (one.account, one.region, one.name))
    sections: dict[str, list[Json]] = {
        "accounts": [
            {**account_document(facts, one, names, gone), **_stacks(facts, one)} for one in accounts
        ],
        "organizations": [
            organization_document(facts, one) for one in sorted(facts.scope(Kind.ORGANIZATION, ""))
        ],
        "clusters": [cluster_document(facts, one, region, stock(one), notices) for one in clusters],
        "images": list(images),
    }
    head: dict[str, Json] = {"apiVersion": API_VERSION, "kind": KIND, "region": region}
    if names:
        shown = ", ".join(sorted(names.values()))
        notices.insert(0, f"access keys are not saved: whoever loads the file makes new ones, as {shown}")
    for kind, told in _LEFT_OUT.items():
        count = sum(len(facts.scope(kind, scope)) for scope in facts.scopes(kind))
        if count:
            notices.append(f"{told}: {count}")
    if facts.sessions():
        notices.append("temporary credentials are not saved")
    return SavedWorld(
        world_text({**head, **{name: found for name, found in sections.items() if found}}), tuple(notices)
    )


def _stacks(facts: Snapshot, account: str) -> dict[str, Json]:
    found = stack_documents(facts, account)
    return {"stacks": found} if found else {}

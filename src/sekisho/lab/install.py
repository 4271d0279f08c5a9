"""Making a new world true: from a world file to facts, secrets and the files that clients read."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sekisho.decide.values import InputFault, Instant, Secret, SekishoInputError
from sekisho.facts import Cluster, Delete, Event, Key, Kind, Put, Snapshot, UserAccessKey, kube_scope
from sekisho.facts.lines import line_of
from sekisho.facts.manifest import text as member_text
from sekisho.facts.shape import MAX_FAULTS
from sekisho.facts.world.associations import association_events
from sekisho.facts.world.clusters import WorldCluster
from sekisho.facts.world.entries import entry_events, unique_ids
from sekisho.facts.world.events import account_events, manifests
from sekisho.facts.world.file import WorldFile, parse_world
from sekisho.facts.world.images import image_documents
from sekisho.lab.aws.door.credentials import key_secret_name
from sekisho.lab.aws.operation import Site
from sekisho.lab.default_world import default_world
from sekisho.lab.idp.world_pool import pool_events
from sekisho.lab.kube import seed
from sekisho.lab.kube.live_cluster import last_good_meta
from sekisho.lab.pods.image_table import IMAGES_META
from sekisho.lab.profiles import REGION_META, STALE_META, profile_meta, write_profiles
from sekisho.lab.world import Ids, StateDir, World
from sekisho.wire.kube.registry import RBAC

_KEPT_SECRETS = ("authority/", "authorization-message/", "issuer-key/")
"""The lab's own, and keys that go by the URL of an issuer, which is no other cluster's; every other secret
belongs to something in the world."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A world file that was read without a fault and waits to be written."""

    file: WorldFile
    ids: Ids
    now: Instant

    def write(self, world: World, site: Site, state: StateDir) -> None:
        """Make the world true in place of what there is, in one commit, and then write its profiles.

        A lab that is killed between the two writes the profiles when it starts again.
        """
        before = world.facts
        secrets: dict[str, Secret | None] = {
            name: None for name in world.secret_names() if not name.startswith(_KEPT_SECRETS)
        }
        images = json.dumps(image_documents(self.file.images))
        meta = {REGION_META: self.file.region, STALE_META: "1", IMAGES_META: images}
        events: list[Event] = list(account_events(self.file, self.ids, self.now))
        ids = unique_ids(events)
        for wanted in self.file.keys:
            key_id = self.ids.unique_id("AKIA")
            key = UserAccessKey(wanted.account, key_id, wanted.user, self.now, wanted.active)
            events.append(Put(Key(Kind.ACCESS_KEY, "", key_id), key))
            secrets[key_secret_name(key_id)] = self.ids.secret_key()
            meta[profile_meta(key_id)] = wanted.profile
        for found in self.file.clusters:
            events += self._cluster(found, site, before, ids)
        for pool in self.file.pools:
            events += pool_events(pool, self.ids, self.now)
        for arn in {str(one.arn) for one in before.clusters()}:
            meta[last_good_meta(arn)] = "{}"
        world.commit([*(Delete(key) for key, _ in before.items()), *events], secrets, meta)
        write_profiles(world, state)

    def _cluster(
        self, found: WorldCluster, site: Site, before: Snapshot, ids: Mapping[str, str]
    ) -> list[Event]:
        known = before.cluster(found.cluster.account, found.cluster.region, found.cluster.name)
        cluster: Cluster = replace(
            found.cluster,
            created=self.now if found.cluster.created.epoch == 0 else found.cluster.created,
            # A cluster that was there before keeps its port: kubeconfigs stay valid.
            endpoint=site.new_endpoint() if known is None else known.endpoint,
            certificate_authority=site.certificate_authority,
            issuer=found.cluster.issuer
            or f"https://oidc.eks.{found.cluster.region}.amazonaws.com/id/{self.ids.hex(32)}",
        )
        arn, created = str(cluster.arn), self.now.rfc3339()
        own = [
            seed.manifest(arn, one.body, created, one.at or found.at) for one in manifests(found, self.now)
        ]
        names = [
            member_text(event.value.get("metadata"), "name")
            for event in own
            if isinstance(event, Put)
            and isinstance(event.value, Mapping)
            and event.key.scope == kube_scope(arn, "", "namespaces")
        ]
        certificate = base64.b64decode(site.certificate_authority).decode()
        stock = [*site.first_objects(cluster), *seed.companions(arn, names, self.now, certificate)]
        objects = [event for event in stock if event.key not in found.absent]
        objects += own
        return [
            Put(Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name), cluster),
            *entry_events(arn, found.entries, ids, self.now),
            *association_events(found.associations, self.now),
            *objects,
            *seed.aggregated_roles(arn, Snapshot(objects).kube_objects(arn, RBAC.group, "clusterroles")),
        ]


def install(
    text: str | None,
    name: str,
    ids: Ids,
    now: Instant,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Installation:
    """Read a world file (None: the world that the articles assume); nothing is written yet.

    ``files`` are the texts of the files that it names.

    Raises:
        SekishoInputError: the file is malformed, or asks for what the lab does not serve; every fault.
    """
    now = Instant.from_epoch(int(now.epoch))  # AWS's dates have whole seconds
    whole = default_world() if text is None else text
    file = parse_world(whole, name, files)
    faults = list(_unserved(file, now))
    if faults:
        raise SekishoInputError(
            replace(fault, line=line_of(whole, fault.at.pointer)) for fault in faults[:MAX_FAULTS]
        )
    return Installation(file, ids, now)


def _unserved(file: WorldFile, now: Instant) -> Iterable[InputFault]:
    """Yield what a world file may say and the lab does not serve."""
    for found in file.clusters:
        for one in manifests(found, now):
            try:
                seed.check(one.body, one.at or found.at)
            except SekishoInputError as error:
                yield from error.faults

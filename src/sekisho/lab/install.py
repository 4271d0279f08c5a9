"""Making a new world true: from a world file to facts, secrets and the files that clients read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sekisho.decide.values import Instant, Secret
from sekisho.facts import Cluster, Event, Key, Kind, Put, UserAccessKey
from sekisho.facts.world_clusters import WorldCluster
from sekisho.facts.world_entries import entry_events, unique_ids
from sekisho.facts.world_events import account_events, manifests
from sekisho.facts.world_file import WorldFile, parse_world
from sekisho.lab.aws.credentials import key_secret_name
from sekisho.lab.aws.operation import Site
from sekisho.lab.default_world import default_world
from sekisho.lab.kube import seed
from sekisho.lab.world import Ids, StateDir, World


@dataclass(frozen=True, slots=True)
class Installation:
    """A world file that was read without a fault and waits to be written."""

    file: WorldFile
    ids: Ids
    now: Instant

    def write(self, world: World, site: Site, state: StateDir) -> None:
        """Write the AWS configuration of the lab's shells, then everything else in one commit.

        The commit comes last because it is what makes the world exist: a start that is killed
        before it begins again.
        """
        secrets: dict[str, Secret | None] = {}
        events: list[Event] = list(account_events(self.file, self.ids, self.now))
        ids = unique_ids(events)
        profiles: list[tuple[str, str, Secret]] = []
        for wanted in self.file.keys:
            key_id, secret = self.ids.unique_id("AKIA"), self.ids.secret_key()
            key = UserAccessKey(wanted.account, key_id, wanted.user, self.now)
            events.append(Put(Key(Kind.ACCESS_KEY, "", key_id), key))
            secrets[key_secret_name(key_id)] = secret
            profiles.append((wanted.profile, key_id, secret))
        for found in self.file.clusters:
            events += self._cluster(found, site, ids)
        state.write(state.aws_config, _config(self.file.region, (profile for profile, _, _ in profiles)))
        state.write(state.aws_credentials, _credentials(profiles))
        world.commit(events, secrets)

    def _cluster(self, found: WorldCluster, site: Site, ids: Mapping[str, str]) -> list[Event]:
        cluster: Cluster = replace(
            found.cluster,
            created=self.now,
            endpoint=site.new_endpoint(),
            certificate_authority=site.certificate_authority,
            issuer=f"https://oidc.eks.{found.cluster.region}.amazonaws.com/id/{self.ids.hex(32)}",
        )
        key = Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name)
        created = self.now.rfc3339()
        own = (
            seed.manifest(str(cluster.arn), one.body, created, one.at or found.at)
            for one in manifests(found, self.now)
        )
        entries = entry_events(str(cluster.arn), found.entries, ids, self.now)
        return [Put(key, cluster), *entries, *site.first_objects(cluster), *own]


def install(text: str | None, name: str, ids: Ids, now: Instant) -> Installation:
    """Read a world file (None: the world that the articles assume); nothing is written yet.

    Raises:
        SekishoInputError: the file is malformed, or asks for what the lab does not serve.
    """
    now = Instant.from_epoch(int(now.epoch))  # AWS's dates have whole seconds
    file = parse_world(default_world() if text is None else text, name)
    for found in file.clusters:
        for one in manifests(found, now):
            seed.check(one.body, one.at or found.at)
    return Installation(file, ids, now)


def _config(region: str, profiles: Iterable[str]) -> str:
    names = dict.fromkeys(["default", *profiles])
    sections = [
        f"[{'default' if name == 'default' else f'profile {name}'}]\nregion = {region}\n" for name in names
    ]
    return "\n".join(sections)


def _credentials(profiles: Iterable[tuple[str, str, Secret]]) -> str:
    return "\n".join(
        f"[{profile}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret.reveal()}\n"
        for profile, key_id, secret in profiles
    )

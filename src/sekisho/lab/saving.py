"""A lab's world as a world file, from the running lab or from the folder of a stopped one."""

from collections.abc import Iterable

from sekisho.decide.values import Instant
from sekisho.facts import Cluster, Put, Snapshot
from sekisho.facts.world.saved.document import SavedWorld, save_world
from sekisho.lab.errors import LabError
from sekisho.lab.kube import seed
from sekisho.lab.pods.image_table import images_of
from sekisho.lab.profiles import profiles_of, region_of
from sekisho.lab.world import StateDir, Store, World


def saved_world(world: World) -> SavedWorld:
    """Return the world file of what is true now."""
    certificate = world.meta("authority/certificate") or ""

    def stock(cluster: Cluster) -> Iterable[Put]:
        return _stock(world.facts, cluster, certificate)

    return save_world(world.facts, region_of(world), profiles_of(world), stock, images_of(world))


def saved_from_folder(state: StateDir) -> SavedWorld:
    """Return the world file of a stopped lab.

    Raises:
        LabError: there is no lab in the folder, one runs on it, or its state cannot be read.
    """
    if not state.database.exists():
        raise LabError(
            f"there is no lab in `{state.path}`; start one with `sekisho up`, or name its folder "
            "with --state-dir"
        )
    with state.locked():
        store = Store(state.database)
        try:
            return saved_world(World(store))
        finally:
            store.close()


def _stock(facts: Snapshot, cluster: Cluster, certificate: str) -> Iterable[Put]:
    """Yield what the lab itself puts into a cluster, also into the namespaces that people made."""
    arn, undated = str(cluster.arn), Instant.from_epoch(0)
    names = [name.removeprefix("/") for name in facts.scope(*seed.namespaces_of(arn))]
    events = [
        *seed.first_objects(arn, undated, certificate),
        *seed.companions(arn, names, undated, certificate),
    ]
    return (event for event in events if isinstance(event, Put))

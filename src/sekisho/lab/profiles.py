"""The profiles of a lab's shells: which access key each has, and the files that say so to AWS clients."""

from sekisho.decide.values import Secret
from sekisho.facts import Kind, UserAccessKey
from sekisho.lab.aws.door.credentials import key_secret_name
from sekisho.lab.world import StateDir, World

REGION_META = "shell/region"
"""The setting that keeps the region of the lab's shells."""
STALE_META = "shell/stale"
"""The setting that says that the files do not tell of the world yet."""


def profile_meta(key_id: str) -> str:
    """Return the name of the setting that keeps the profile of an access key."""
    return f"profile/{key_id}"


def profiles_of(world: World) -> dict[str, str]:
    """Return the profile of each access key that has one, by key id."""
    found = {one: world.meta(profile_meta(one)) for one in world.facts.scope(Kind.ACCESS_KEY, "")}
    return {key_id: name for key_id, name in found.items() if name is not None}


def region_of(world: World) -> str:
    """Return the region of the lab's shells; of a lab that did not note it, that of its first cluster."""
    clusters = world.facts.clusters()
    return world.meta(REGION_META) or (clusters[0].region if clusters else "us-east-1")


def write_profiles(world: World, state: StateDir) -> None:
    """Write the AWS configuration and the credentials of the lab's shells, in place of what they held."""
    profiles: list[tuple[str, str, Secret]] = []
    for key_id, name in profiles_of(world).items():
        key, secret = world.facts.access_key(key_id), world.secret(key_secret_name(key_id))
        if isinstance(key, UserAccessKey) and secret is not None:
            profiles.append((name, key_id, secret))
    names = dict.fromkeys(["default", *(name for name, _, _ in profiles)])
    region = region_of(world)
    # The first version of the CLI presigns for S3 with Signature Version 2 unless it is told otherwise.
    common = f"region = {region}\ns3 =\n    signature_version = s3v4\n"
    sections = [f"[{'default' if name == 'default' else f'profile {name}'}]\n{common}" for name in names]
    state.write(state.aws_config, "\n".join(sections))
    state.write(
        state.aws_credentials,
        "\n".join(
            f"[{profile}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret.reveal()}\n"
            for profile, key_id, secret in profiles
        ),
    )
    world.commit((), meta={STALE_META: ""})


def finish_profiles(world: World, state: StateDir) -> None:
    """Write the files if a lab was killed after its world was made and before they were written."""
    if world.meta(STALE_META):
        write_profiles(world, state)

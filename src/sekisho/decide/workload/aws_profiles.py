"""The profiles of an AWS configuration file, and the roles that one of them leads through.

Sources: AWS CLI User Guide, "Configuration and credential file settings"; AWS SDKs and Tools Reference
Guide, "Assume role credential provider".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Ref

_PREFIX: Final = "profile "
_COMMENTS: Final = ("#", ";")
Profiles = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class RoleHop:
    """One role of the way: its ARN as written and the session name asked for, empty where it is left open."""

    profile: str
    role: str
    session_name: str = ""


@dataclass(frozen=True, slots=True)
class ProfileWay:
    """The roles of a profile, the first by web identity with the token at ``token_file``.

    ``token_file`` is empty where the first profile names none: the container's own credentials are taken
    then. ``loop`` is the profile that came back to itself, ``missing`` one that is named and not there.
    """

    name: str
    at: Ref
    config_map: str
    hops: tuple[RoleHop, ...] = ()
    token_file: str = ""
    loop: str = ""
    missing: str = ""


def read_profiles(text: str) -> Profiles:
    """Return the settings of each profile; lines that are no settings say nothing. Total."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith(_COMMENTS):
            continue
        if stripped.startswith("[") and stripped.endswith("]"):
            name = stripped[1:-1].strip()
            is_profile = name == "default" or name.startswith(_PREFIX)
            current = found.setdefault(name.removeprefix(_PREFIX).strip(), {}) if is_profile else None
        elif current is not None and not line[0].isspace():
            key, equals, value = stripped.partition("=")
            if equals:
                current[key.strip().lower()] = value.strip()
    return found


def last_profiles(profiles: Profiles) -> tuple[str, ...]:
    """Return the profiles with a role on which no other builds, in the order of the file."""
    sources = {one.get("source_profile", "") for one in profiles.values()}
    return tuple(name for name, one in profiles.items() if one.get("role_arn") and name not in sources)


def way_of(name: str, profiles: Profiles, at: Ref, config_map: str) -> ProfileWay:
    """Return the roles that the profile ``name`` leads through, the first role first. Total."""
    hops: list[RoleHop] = []
    seen: set[str] = set()
    wanted = name
    while True:
        if wanted in seen:
            return ProfileWay(name, at, config_map, loop=wanted)
        seen.add(wanted)
        settings = profiles.get(wanted)
        if settings is None:
            return ProfileWay(name, at, config_map, missing=wanted)
        role = settings.get("role_arn", "")
        if role:
            hops.insert(0, RoleHop(wanted, role, settings.get("role_session_name", "")))
        file = settings.get("web_identity_token_file", "")
        source = settings.get("source_profile", "")
        if not role or file or not source:
            return ProfileWay(name, at, config_map, tuple(hops), file if role else "")
        wanted = source

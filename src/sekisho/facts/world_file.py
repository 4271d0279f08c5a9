"""World files: accounts and clusters as a person writes them down (``kind: World``).

The file says what exists, not what AWS adds to it: unique ids, dates and endpoints come from whoever makes
a world of it (`sekisho.facts.world_events`). No secret stands in it; an access key is asked for by
the name of the profile under which its secret will be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.decide.authn.notice import Notice
from sekisho.decide.values import Ref, SekishoInputError, documents
from sekisho.facts.model import Account, Group, ManagedPolicy, Role, User
from sekisho.facts.shape import FaultCode, Faults, Node
from sekisho.facts.world_accounts import KeyRequest, read_accounts
from sekisho.facts.world_clusters import REGION, WorldCluster, read_clusters

API_VERSION = "sekisho.dev/v1alpha1"
KIND = "World"


@dataclass(frozen=True, slots=True)
class WorldFile:
    """The content of a world file. Users, groups, roles and policies have no ids and no dates yet.

    ``notices`` are oddities of its aws-auth sections. ``places`` tell where in the file each
    user, group, role, policy (its document) and cluster stands, by ARN, and each account, by id.
    """

    name: str
    region: str
    accounts: tuple[Account, ...]
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    roles: tuple[Role, ...]
    policies: tuple[ManagedPolicy, ...]
    keys: tuple[KeyRequest, ...]
    clusters: tuple[WorldCluster, ...]
    notices: tuple[Notice, ...]
    places: tuple[tuple[str, Ref], ...]


def is_world(value: object) -> bool:
    """Whether a parsed document claims to be a world file."""
    return isinstance(value, Mapping) and (
        value.get("kind") == KIND or str(value.get("apiVersion", "")).startswith("sekisho.dev/")
    )


def parse_world(text: str, name: str) -> WorldFile:
    """Return what the world file ``text`` says; ``name`` is the document of every Ref.

    Raises:
        SekishoInputError: every fault, each with pointer and line: an unknown key, a wrong form, a
            name that nothing has, a policy or an aws-auth that could not be read.
    """
    faults = Faults(name, text)
    value = documents.parse_yaml(text, name)
    root = Node(faults, value, Ref(name))
    if not is_world(value):
        raise SekishoInputError.single(
            FaultCode.CHOICE, Ref(name), f"expected `apiVersion: {API_VERSION}` and `kind: {KIND}`", "", 1
        )
    root.only(
        "apiVersion", "kind", "region", "accounts", "clusters", required=("apiVersion", "kind", "region")
    )
    root.member("apiVersion").one_of((API_VERSION,))
    root.member("kind").one_of((KIND,))
    region = root.member("region").formed(REGION, "a region such as `ap-northeast-1`")
    accounts = read_accounts(root.member("accounts"))
    clusters, notices = read_clusters(root.member("clusters"), accounts, region)
    faults.raise_found()
    return WorldFile(
        name,
        region,
        tuple(accounts.accounts),
        tuple(accounts.users),
        tuple(accounts.groups),
        tuple(accounts.roles),
        tuple(accounts.policies),
        tuple(accounts.keys),
        clusters,
        notices,
        (*accounts.places.items(), *((str(found.cluster.arn), found.at) for found in clusters)),
    )

"""World files: accounts and clusters as a person writes them down (``kind: World``).

The file says what exists, not what AWS adds to it: unique ids, dates and endpoints come from whoever makes
a world of it (`sekisho.facts.world.events`). No secret stands in it; an access key is asked for by
the name of the profile under which its secret will be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sekisho.decide.authn.notice import Notice
from sekisho.decide.values import Ref, SekishoInputError, documents
from sekisho.facts.iam_model import InstanceProfile
from sekisho.facts.model import Account, Group, ManagedPolicy, OpenIdConnectProvider, Role, User
from sekisho.facts.shape import FaultCode, Faults, Node
from sekisho.facts.stack_model import Stack
from sekisho.facts.world.accounts import read_accounts
from sekisho.facts.world.clusters import WorldCluster, read_clusters
from sekisho.facts.world.content import KeyRequest
from sekisho.facts.world.images import Image, read_images
from sekisho.facts.world.organizations import WorldOrganization, named_files, read_organizations
from sekisho.facts.world.pools import WorldPool, read_user_pools
from sekisho.facts.world.shape import Fields
from sekisho.facts.world.tables import API_VERSION, KIND, WORLD


@dataclass(frozen=True, slots=True)
class WorldFile:
    """The content of a world file. What it gives no id and no date has none yet.

    ``told_trust`` are the ARNs of the roles whose ``trusted_ids`` stand in the file. ``notices`` are
    oddities of its aws-auth sections. ``places`` tell where in the file each user, group, role, policy
    (its document) and cluster stands, by ARN, each account, by id, and the document of each policy of
    an organization, by ``organizations/NAME``.
    """

    name: str
    region: str
    accounts: tuple[Account, ...]
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    roles: tuple[Role, ...]
    policies: tuple[ManagedPolicy, ...]
    providers: tuple[OpenIdConnectProvider, ...]
    profiles: tuple[InstanceProfile, ...]
    stacks: tuple[Stack, ...]
    told_trust: frozenset[str]
    keys: tuple[KeyRequest, ...]
    organizations: tuple[WorldOrganization, ...]
    clusters: tuple[WorldCluster, ...]
    pools: tuple[WorldPool, ...]
    images: tuple[Image, ...]
    notices: tuple[Notice, ...]
    places: tuple[tuple[str, Ref], ...]


def is_world(value: object) -> bool:
    """Whether a parsed document claims to be a world file."""
    return isinstance(value, Mapping) and (
        value.get("kind") == KIND or str(value.get("apiVersion", "")).startswith("sekisho.dev/")
    )


def files_of(text: str, name: str) -> tuple[str, ...]:
    """Return the files that a world file names, as it names them: `parse_world` is given their texts.

    Raises:
        SekishoInputError: ``text`` is not YAML.
    """
    return tuple(dict.fromkeys(file for _, file in named_files(documents.parse_yaml(text, name))))


def parse_world(text: str, name: str, files: Mapping[str, str] = MappingProxyType({})) -> WorldFile:
    """Return what the world file ``text`` says; ``name`` is the document of every Ref.

    ``files`` are the texts of the files that it names (`files_of`).

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
    fields = Fields.of(root, WORLD)
    fields.text("apiVersion")
    fields.text("kind")
    region = fields.text("region")
    accounts = read_accounts(root.member("accounts"))
    organizations = read_organizations(root.member("organizations"), accounts, files)
    clusters, notices = read_clusters(root.member("clusters"), accounts, region)
    pools = read_user_pools(fields, accounts, region)
    images = read_images(fields)
    faults.raise_found()
    return WorldFile(
        name,
        region,
        tuple(accounts.accounts),
        tuple(accounts.users),
        tuple(accounts.groups),
        tuple(accounts.roles),
        tuple(accounts.policies),
        tuple(accounts.providers),
        tuple(accounts.profiles),
        tuple(accounts.stacks),
        frozenset(accounts.told_trust),
        tuple(accounts.keys),
        organizations,
        clusters,
        pools,
        images,
        notices,
        (
            *accounts.places.items(),
            *((str(found.cluster.arn), found.at) for found in clusters),
            *(place for found in organizations for place in found.places),
        ),
    )

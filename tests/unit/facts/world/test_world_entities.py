"""Ids, versions, providers, keys and gone identities in a world file: what they mean, and what is refused."""

import pytest

from sekisho.decide.values import InputFault, Instant, SekishoInputError
from sekisho.facts import PasswordPolicy, PolicyVersion, Snapshot
from sekisho.facts.iam_lookup import instance_profiles
from sekisho.facts.world.content import KeyRequest
from sekisho.facts.world.events import account_events, events, kube_events
from sekisho.facts.world.file import parse_world
from unit.facts.world.test_world_file import Counting
from unit.facts.worlds import WORLD, changed

CREATED = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
EARLIER = Instant.parse_rfc3339("2025-05-05T05:05:05Z")
ACCOUNT = "111122223333"
DOCUMENT = '{Version: "2012-10-17", Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "*"}}'
POLICY = WORLD[WORLD.index("        document:\n") : WORLD.index("    groups:\n      - name: staff")]
OPE = "      - name: eks-ope\n"
STAFF = "    groups:\n      - name: staff"
TRUST = "        trust:\n"
READERS = "        metadata: {name: readers, namespace: shop}"
TRUSTED = f"arn:aws:iam::{ACCOUNT}:user/eks-admin"


def facts_of(text: str) -> Snapshot:
    return Snapshot(events(parse_world(text, "w"), Counting(), CREATED))


def faults_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(SekishoInputError) as caught:
        parse_world(text, "w")
    found: tuple[InputFault, ...] = caught.value.faults
    return [(fault.code, fault.at.pointer) for fault in found]


def with_policy(members: str) -> str:
    """Return the world with other members for its managed policy."""
    return changed(POLICY, members)


def with_providers(providers: str) -> str:
    return changed(
        "    groups:\n      - name: staff",
        f"    oidcProviders: {providers}\n    groups:\n      - name: staff",
    )


def test_ids_and_dates_of_the_file_are_kept() -> None:
    text = changed(
        OPE, f"{OPE}        userId: AIDAEXAMPLEEXAMPLE01\n        created: 2025-05-05T05:05:05Z\n"
    ).replace("      - name: app\n", "      - name: app\n        roleId: AROAEXAMPLEEXAMPLE01\n")
    facts = facts_of(text)
    user, role = facts.user(ACCOUNT, "eks-ope"), facts.role(ACCOUNT, "app")
    assert user is not None
    assert role is not None
    assert (user.user_id, user.created) == ("AIDAEXAMPLEEXAMPLE01", EARLIER)
    assert (role.role_id, role.created) == ("AROAEXAMPLEEXAMPLE01", CREATED)


def test_the_versions_of_a_policy_the_one_in_force_and_the_highest_there_ever_was() -> None:
    facts = facts_of(
        with_policy(
            f"        created: 2025-05-05T05:05:05Z\n        versions:\n"
            f"          - {{version: v2, document: {DOCUMENT}}}\n"
            f"          - {{version: v4, document: {DOCUMENT}, created: 2026-01-31T09:00:00Z}}\n"
            "        defaultVersion: v2\n        latestVersion: 7\n"
        )
    )
    (policy,) = facts.policies(ACCOUNT)
    text = policy.document
    assert policy.versions == (PolicyVersion("v2", text, EARLIER), PolicyVersion("v4", text, CREATED))
    assert (policy.default_version, policy.latest_version, policy.updated) == ("v2", 7, EARLIER)


def test_the_last_version_is_in_force_where_the_file_says_nothing() -> None:
    versions = f"[{{version: v1, document: {DOCUMENT}}}, {{version: v3, document: {DOCUMENT}}}]"
    (policy,) = facts_of(with_policy(f"        versions: {versions}\n")).policies(ACCOUNT)
    assert (policy.default_version, policy.latest_version) == ("v3", 3)


def test_a_provider_is_kept_as_iam_keeps_it() -> None:
    facts = facts_of(
        with_providers('[{url: "https://idp.example:443/x", clientIds: [a, b, a], tags: {k: v}}]')
    )
    (provider,) = facts.oidc_providers(ACCOUNT)
    assert str(provider.arn) == f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example/x"
    assert (provider.client_ids, provider.thumbprints, provider.tags) == (("a", "b"), (), (("k", "v"),))
    assert provider.created == CREATED


def test_keys_of_the_root_user_and_keys_that_are_not_active() -> None:
    text = changed("    name: dev\n", "    name: dev\n    accessKeys: [{profile: root}]\n").replace(
        "- profile: default", "- {profile: default, status: Inactive}"
    )
    world = parse_world(text, "w")
    account = world.accounts[0].account
    assert world.keys == (
        KeyRequest(account, "", "root"),
        KeyRequest(account, "eks-admin", "default", active=False),
    )


def test_a_boundary_an_alias_passwords_and_an_instance_profile() -> None:
    text = changed(
        "    name: dev\n",
        "    name: dev\n    alias: team-dev\n    passwordPolicy: {minimumLength: 14, symbols: true}\n"
        "    instanceProfiles: [{name: app, role: app, tags: {k: v}}]\n",
    ).replace(OPE, f"{OPE}        boundary: reader\n")
    facts = facts_of(text)
    account, user = facts.account(ACCOUNT), facts.user(ACCOUNT, "eks-ope")
    assert account is not None
    assert user is not None
    assert account.alias == "team-dev"
    assert account.password_policy == PasswordPolicy(minimum_length=14, symbols=True)
    assert user.boundary == f"arn:aws:iam::{ACCOUNT}:policy/reader"
    (profile,) = instance_profiles(facts, ACCOUNT)
    assert (profile.role, profile.profile_id[:4], profile.created) == ("app", "AIPA", CREATED)


def test_trusted_ids_of_the_file_go_before_those_of_today() -> None:
    told = changed(
        "        trust:\n", f'        trustedIds: {{"{TRUSTED}": AIDAEXAMPLEEXAMPLE99}}\n        trust:\n'
    )
    role = facts_of(told).role(ACCOUNT, "app")
    assert role is not None
    assert role.trusted_ids == ((TRUSTED, "AIDAEXAMPLEEXAMPLE99"),)
    nobody = facts_of(changed("        trust:\n", "        trustedIds: {}\n        trust:\n")).role(
        ACCOUNT, "app"
    )
    assert nobody is not None
    assert nobody.trusted_ids == ()


def test_a_deleted_principal_may_be_trusted_and_may_have_created_a_cluster() -> None:
    text = (
        changed("    name: dev\n", "    name: dev\n    deletedPrincipals: [user/x/gone, role/gone]\n")
        .replace(f'"{TRUSTED}"', f'"arn:aws:iam::{ACCOUNT}:user/x/gone"')
        .replace(
            "creator: user/eks-admin",
            f"creator: arn:aws:iam::{ACCOUNT}:user/x/gone\n    roleArn: arn:aws:iam::{ACCOUNT}:role/gone",
        )
    )
    world = parse_world(text, "w")
    assert world.clusters[0].cluster.creator.endswith("user/x/gone")
    assert world.clusters[0].cluster.role_arn.endswith("role/gone")
    assert [role.trusted_ids for role in world.roles] == [()]


def test_what_aws_keeps_of_a_cluster_can_stand_in_the_file() -> None:
    more = (
        "    issuer: https://oidc.eks.eu-west-1.amazonaws.com/id/AB\n    platformVersion: eks.7\n"
        "    subnetIds: [subnet-1]\n    securityGroupIds: [sg-1]\n    serviceIpv4Cidr: 172.20.0.0/16\n"
        "    created: 2025-05-05T05:05:05Z\n"
    )
    text = changed("    creator: user/eks-admin\n", "    creator: user/eks-admin\n" + more)
    (cluster,) = facts_of(text).clusters()
    assert (cluster.issuer, cluster.platform_version) == (
        "https://oidc.eks.eu-west-1.amazonaws.com/id/AB",
        "eks.7",
    )
    assert (cluster.subnet_ids, cluster.security_group_ids) == (("subnet-1",), ("sg-1",))
    assert (cluster.service_ipv4_cidr, cluster.created) == ("172.20.0.0/16", EARLIER)


def test_absent_objects_are_not_in_the_cluster() -> None:
    text = changed(
        "    nodes:\n",
        "    absent:\n      - {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: edit}\n"
        "    nodes:\n",
    )
    found = parse_world(text, "w").clusters[0]
    names = [event.key.name for event in kube_events(found, CREATED)]
    assert "/view" in names
    assert "/edit" not in names


def test_faults_of_aws_auth_that_are_meant_are_none() -> None:
    start, end = WORLD.index("    awsAuth:"), WORLD.index("    nodes:")
    broken = "    awsAuth: {raw: {mapRoles: 'x: ['}}\n"
    assert [code for code, _ in faults_of(WORLD[:start] + broken + WORLD[end:])] == ["yaml.syntax"]
    meant = WORLD[:start] + "    brokenAwsAuth: true\n" + broken + WORLD[end:]
    aws_auth = parse_world(meant, "w").clusters[0].aws_auth
    assert aws_auth is not None
    assert aws_auth.body["data"] == {"mapRoles": "x: ["}


VERSIONS = "/accounts/0/policies/0"
PROVIDER = "/accounts/0/oidcProviders/0"
CASES = {
    "neither document nor versions": (with_policy(""), "world.missing", VERSIONS),
    "document and versions": (
        with_policy(
            f"        document: {DOCUMENT}\n        versions: [{{version: v1, document: {DOCUMENT}}}]\n"
        ),
        "world.unexpected-value",
        f"{VERSIONS}/document",
    ),
    "no version": (with_policy("        versions: []\n"), "world.too-long", f"{VERSIONS}/versions"),
    "six versions": (
        with_policy(
            "        versions: ["
            + ", ".join(f"{{version: v{number}, document: {DOCUMENT}}}" for number in range(1, 7))
            + "]\n"
        ),
        "world.too-long",
        f"{VERSIONS}/versions",
    ),
    "version twice": (
        with_policy(f"        versions: [{', '.join([f'{{version: v1, document: {DOCUMENT}}}'] * 2)}]\n"),
        "world.duplicate-name",
        f"{VERSIONS}/versions/1/version",
    ),
    "version of another form": (
        with_policy(f"        versions: [{{version: v0, document: {DOCUMENT}}}]\n"),
        "world.form",
        f"{VERSIONS}/versions/0/version",
    ),
    "default that is not there": (
        with_policy(f"        document: {DOCUMENT}\n        defaultVersion: v2\n"),
        "world.unknown-reference",
        f"{VERSIONS}/defaultVersion",
    ),
    "latest version": (
        with_policy(f"        document: {DOCUMENT}\n        latestVersion: 0\n"),
        "world.not-a-number",
        f"{VERSIONS}/latestVersion",
    ),
    "unique id": (
        changed(OPE, f"{OPE}        userId: AIDA\n"),
        "world.form",
        "/accounts/0/users/1/userId",
    ),
    "unique id twice": (
        changed(OPE, f"{OPE}        userId: AIDAEXAMPLEEXAMPLE01\n").replace(
            "name: staff\n", "name: staff\n        groupId: AIDAEXAMPLEEXAMPLE01\n"
        ),
        "world.duplicate-name",
        "/accounts/0/users/1/userId",
    ),
    "trusted id": (
        changed("        trust:\n", "        trustedIds: {x: y}\n        trust:\n"),
        "world.form",
        "/accounts/0/roles/0/trustedIds/x",
    ),
    "trusted id null": (
        changed("        trust:\n", "        trustedIds: {x: }\n        trust:\n"),
        "world.not-text",
        "/accounts/0/roles/0/trustedIds/x",
    ),
    "issuer without scheme": (with_providers("[{url: idp.example}]"), "world.form", f"{PROVIDER}/url"),
    "issuer twice": (
        with_providers('[{url: "https://a.example"}, {url: "https://a.example:443"}]'),
        "world.duplicate-name",
        "/accounts/0/oidcProviders/1/url",
    ),
    "thumbprint": (
        with_providers('[{url: "https://a.example", thumbprints: [xyz]}]'),
        "world.form",
        f"{PROVIDER}/thumbprints/0",
    ),
    "six thumbprints": (
        with_providers(f'[{{url: "https://a.example", thumbprints: [{", ".join(["ab" * 20] * 6)}]}}]'),
        "world.too-long",
        f"{PROVIDER}/thumbprints",
    ),
    "key status": (
        changed("- profile: default", "- {profile: default, status: off}"),
        "world.unquoted",
        "/accounts/0/users/0/accessKeys/0/status",
    ),
    "boundary": (
        changed(OPE, f"{OPE}        boundary: raeder\n"),
        "world.unknown-reference",
        "/accounts/0/users/1/boundary",
    ),
    "role of an instance profile": (
        changed("    name: dev\n", "    name: dev\n    instanceProfiles: [{name: app, role: ap}]\n"),
        "world.unknown-reference",
        "/accounts/0/instanceProfiles/0/role",
    ),
    "instance profile twice": (
        changed("    name: dev\n", "    name: dev\n    instanceProfiles: [{name: app}, {name: App}]\n"),
        "world.duplicate-name",
        "/accounts/0/instanceProfiles/1/name",
    ),
    "alias": (
        changed("    name: dev\n", "    name: dev\n    alias: a--b\n"),
        "world.form",
        "/accounts/0/alias",
    ),
    "alias twice": (
        changed("    name: dev\n", "    name: dev\n    alias: x\n").replace(
            'id: "444455556666"', 'id: "444455556666"\n    alias: x'
        ),
        "world.duplicate-name",
        "/accounts/1/alias",
    ),
    "passwords too short": (
        changed("    name: dev\n", "    name: dev\n    passwordPolicy: {minimumLength: 5}\n"),
        "world.not-a-number",
        "/accounts/0/passwordPolicy/minimumLength",
    ),
    "deleted principal": (
        changed("    name: dev\n", "    name: dev\n    deletedPrincipals: [gone]\n"),
        "world.form",
        "/accounts/0/deletedPrincipals/0",
    ),
    "inline document null": (
        changed("policies: [reader]", "inline: {x: }"),
        "world.missing",
        "/accounts/0/groups/0/inline/x",
    ),
    "group null": (
        changed("groups: [staff]", "groups: [null]"),
        "world.not-text",
        "/accounts/0/users/1/groups/0",
    ),
    "policy null": (
        changed("policies: [reader]", "policies: [null]"),
        "world.not-text",
        "/accounts/0/groups/0/policies/0",
    ),
    "description too long": (
        changed("what the app may do", "x" * 1001),
        "world.too-long",
        "/accounts/0/roles/0/description",
    ),
    "cluster of no account": (changed("account: dev", 'account: ""'), "world.form", "/clusters/0/account"),
    "creator that is empty": (
        changed("creator: user/eks-admin", 'creator: ""'),
        "world.form",
        "/clusters/0/creator",
    ),
    "namespace no text": (
        changed(
            "kind: Role\n        metadata: {name: readers, namespace: shop}",
            "kind: Role\n        metadata: {name: readers, namespace: 1}",
        ),
        "world.unquoted",
        "/clusters/0/manifests/0/metadata/namespace",
    ),
}


@pytest.mark.parametrize("row", CASES.values(), ids=CASES.keys())
def test_a_fault_names_its_rule_and_its_place_once(row: tuple[str, str, str]) -> None:
    text, code, pointer = row
    assert faults_of(text).count((code, pointer)) == 1


def test_five_versions_and_a_description_of_a_thousand_characters_are_not_too_many() -> None:
    versions = ", ".join(f"{{version: v{number}, document: {DOCUMENT}}}" for number in range(1, 6))
    text = with_policy(f"        versions: [{versions}]\n").replace("what the app may do", "x" * 1000)
    assert len(parse_world(text, "w").policies[0].versions) == 5


def test_a_name_that_is_wrong_is_told_once() -> None:
    text = changed("name: eks-admin\n", "name: eks admin\n").replace("user/eks-admin", "root")
    assert faults_of(text) == [("world.form", "/accounts/0/users/0/name")]


def test_the_events_of_accounts_hold_no_access_key() -> None:
    kinds = {event.key.kind for event in account_events(parse_world(WORLD, "w"), Counting(), CREATED)}
    assert "access-key" not in kinds

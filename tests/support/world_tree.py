"""Organizations, clusters and whole world documents, drawn at random."""

from typing import Any

from hypothesis import strategies as st

from sekisho.facts.organization import AWS_MANAGED
from support.world_build import (
    ACCOUNTS,
    DATES,
    DENIES,
    IDENTITY,
    KUBE_NAMES,
    NAMES,
    RCP,
    REGION,
    SCP,
    TAGS,
    TEXTS,
    accounts,
    some,
    unique_ids,
    unlike,
)


@st.composite
def organizations(draw: st.DrawFn, ids: list[str]) -> dict[str, Any]:
    """Return an organization of some of the accounts, the first of which manages it."""
    types = draw(st.lists(st.sampled_from([SCP, RCP]), max_size=2, unique=True))
    policies = []
    for number, name in enumerate(draw(unlike(NAMES, 3))):
        kind = draw(st.sampled_from([SCP, RCP]))
        text = draw(DENIES if kind == RCP else IDENTITY)
        policies.append(
            {
                "name": name,
                "type": kind,
                "document": text,
                **some(draw, {"id": st.just(f"p-{number:08d}"), "description": TEXTS, "tags": TAGS}),
            }
        )
    # The same name for both types: only the id tells them apart.
    policies += [
        {
            "name": "twin",
            "id": f"p-twin{kind[:4]}",
            "type": kind,
            "document": draw(DENIES if kind == RCP else IDENTITY),
        }
        for kind in types
    ]
    usable = [one.get("id") or one["name"] for one in policies if one["type"] in types]

    def holder() -> dict[str, Any]:
        found = some(draw, {"tags": TAGS})
        if draw(st.booleans()):
            own = [AWS_MANAGED[kind].name for kind in AWS_MANAGED if kind in types]  # AWS's own
            found["policies"] = [
                *own,
                *draw(st.lists(st.sampled_from(usable), max_size=2, unique=True) if usable else st.just([])),
            ]
        return found

    members = [
        {
            "account": id_,
            **holder(),
            **some(
                draw,
                {
                    "email": st.just(f"x{id_}@example.org"),
                    "joined": DATES,
                    "joinedMethod": st.sampled_from(["CREATED", "INVITED"]),
                    "name": st.just("other"),
                },
            ),
        }
        for id_ in ids[: draw(st.integers(0, len(ids)))]
    ]
    deep = {"name": "deep", **holder(), "accounts": members[1:2]}
    units = [
        {"name": "a", **holder(), "units": [deep], "accounts": members[2:]},
        {"name": "b", "id": "ou-ab12-00000001", **holder()},
    ]
    root = {
        "policyTypes": types,
        **holder(),
        "accounts": members[:1],
        "units": units,
        **some(draw, {"id": st.just("r-ab12")}),
    }
    return {
        "management": ids[0],
        "policies": policies,
        "root": root,
        **some(
            draw,
            {
                "id": st.just("o-0123456789"),
                "created": DATES,
                "accountCreations": st.just(
                    [{"id": "car-01234567", "name": "x", "failure": "EMAIL_ALREADY_EXISTS"}]
                ),
            },
        ),
    }


PROVIDERS: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {
            "identityProviderConfigName": KUBE_NAMES,
            "issuerUrl": st.just("https://id.example/a"),
            "clientId": st.sampled_from(["kube", "4f3jd"]),
        },
        optional={
            "usernameClaim": st.sampled_from(["sub", "email"]),
            "usernamePrefix": st.sampled_from(["-", "oidc:"]),
            "groupsClaim": st.just("cognito:groups"),
            "groupsPrefix": st.just("gid:"),
            "requiredClaims": st.just({"hd": "example.com"}),
            "configId": st.just("0-1"),
            "tags": TAGS,
        },
    ),
    max_size=1,
)
MANIFESTS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {
            "apiVersion": st.just("v1"),
            "kind": st.sampled_from(["ConfigMap", "ServiceAccount"]),
            "metadata": st.fixed_dictionaries(
                {"name": KUBE_NAMES, "namespace": KUBE_NAMES, "annotations": TAGS}
            ),
            "data": st.dictionaries(KUBE_NAMES, TEXTS, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {
            "apiVersion": st.just("rbac.authorization.k8s.io/v1"),
            "kind": st.sampled_from(["Role", "ClusterRole"]),
            "metadata": st.fixed_dictionaries({"name": st.one_of(KUBE_NAMES, st.just("view"))}),
            "rules": st.just([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        }
    ),
    st.fixed_dictionaries(
        {
            "apiVersion": st.just("v1"),
            "kind": st.just("Secret"),
            "metadata": st.fixed_dictionaries({"name": KUBE_NAMES}),
            "data": st.just({"k": ""}),
        }
    ),
)
_AWS_AUTH: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {
            "mapRoles": st.lists(
                st.fixed_dictionaries(
                    {
                        "rolearn": st.just("arn:aws:iam::111122223333:role/x"),
                        "username": TEXTS,
                        "groups": st.lists(TEXTS, max_size=2),
                    }
                ),
                max_size=2,
            ),
            "mapAccounts": st.lists(st.sampled_from(ACCOUNTS), max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {
            "raw": st.fixed_dictionaries(
                {"mapUsers": st.sampled_from(["", "[]\n", "- userarn: x\n", "a: [\n", "x"])}
            )
        }
    ),
)


def _object_name(body: Any) -> tuple[str, str, str]:
    return body["kind"], body["metadata"].get("namespace", "default"), body["metadata"]["name"]


_POLICIES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"policyArn": st.just("AmazonEKSViewPolicy")}, optional={"updated": DATES}),
        st.fixed_dictionaries(
            {
                "policyArn": st.just("arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"),
                "accessScope": st.one_of(
                    st.just({"type": "cluster"}),
                    st.fixed_dictionaries(
                        {
                            "type": st.just("namespace"),
                            "namespaces": st.lists(KUBE_NAMES, min_size=1, max_size=2),
                        }
                    ),
                ),
            },
            optional={"associated": DATES, "updated": DATES},
        ),
    ),
    max_size=2,
    unique_by=lambda one: str(one["policyArn"])[-12:],
)
_ENTRIES_OF_NODES = st.fixed_dictionaries({"type": st.sampled_from(["EC2_LINUX", "FARGATE_LINUX", "EC2"])})
_ENTRIES_OF_PEOPLE = st.fixed_dictionaries(
    {},
    optional={
        "username": st.one_of(TEXTS, st.just("me:{{SessionName}}")),
        "kubernetesGroups": st.lists(TEXTS, max_size=2),
        "associatedAccessPolicies": _POLICIES,
    },
)


@st.composite
def entries(draw: st.DrawFn, account: str, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return access entries of a cluster of ``account`` for some of the users and roles of ``known``."""
    people = [
        (f"arn:aws:iam::{one['id']}:{kind}{entity.get('path', '/')}{entity['name']}", True)
        for one in known
        for kind in ("user", "role")
        for entity in one[f"{kind}s"]
    ]
    gone = [(f"arn:aws:iam::{one['id']}:{left}", False) for one in known for left in one["deletedPrincipals"]]
    if not people and not gone:
        return []
    found = []
    for arn, is_there in draw(st.lists(st.sampled_from(people + gone), max_size=3, unique=True)):
        of_nodes = f"::{account}:role/" in arn and draw(st.booleans())
        entry = {
            "principalArn": arn,
            **draw(_ENTRIES_OF_NODES if of_nodes else _ENTRIES_OF_PEOPLE),
            **some(draw, {"entryId": st.just("0-1"), "created": DATES, "updated": DATES, "tags": TAGS}),
        }
        if not is_there or draw(st.integers(0, 3)) == 0:
            entry["principalId"] = draw(unique_ids("AROA" if ":role/" in arn else "AIDA"))
        found.append(entry)
    return found


@st.composite
def clusters(
    draw: st.DrawFn, account: dict[str, Any], name: str, known: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a cluster of an account; ``known`` are all accounts."""
    named = [f"user/{one['name']}" for one in account["users"]]
    gone = [f"arn:aws:iam::{account['id']}:{one}" for one in account["deletedPrincipals"]]
    roles = [f"role/{one['name']}" for one in account["roles"]]
    found = {
        "name": name,
        "account": account["id"],
        "creator": draw(st.sampled_from(["root", *named, *gone, *roles])),
        "brokenAwsAuth": True,
        "manifests": draw(
            st.lists(
                MANIFESTS,
                max_size=4,
                unique_by=_object_name,
            )
        ),
        "nodes": [
            {
                "name": f"n{number}",
                **some(
                    draw,
                    {
                        "version": st.just("v1.33.1"),
                        "address": st.just("10.0.0.1"),
                        "ready": st.booleans(),
                        "labels": TAGS,
                    },
                ),
            }
            for number in range(draw(st.integers(0, 2)))
        ],
        "absent": draw(
            st.sampled_from(
                [[], [{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "edit"}]]
            )
        ),
    }
    if draw(st.booleans()) and roles:
        found["roleArn"] = draw(st.sampled_from(roles))
    mode = draw(st.sampled_from([None, "CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]))
    found["authenticationMode"] = mode
    if mode not in (None, "CONFIG_MAP"):
        found["accessEntries"] = draw(entries(account["id"], known))
        found["bootstrapClusterCreatorAdminPermissions"] = draw(st.booleans())
    return {
        **found,
        **some(
            draw,
            {
                "region": st.just("eu-west-1"),
                "created": DATES,
                "issuer": st.just("https://oidc.example/id/1"),
                "awsAuth": _AWS_AUTH,
                "identityProviders": PROVIDERS,
                "tags": TAGS,
                "subnetIds": st.just(["subnet-1"]),
                "platformVersion": st.just("eks.9"),
                "serviceIpv4Cidr": st.just("172.20.0.0/16"),
                "version": st.just("1.33"),
            },
        ),
    }


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Return a whole world document."""
    ids = list(ACCOUNTS[: draw(st.integers(0, 3))])
    taken: list[str] = []
    found = [draw(accounts(id_, taken)) for id_ in ids]
    world: dict[str, Any] = {
        "apiVersion": "sekisho.dev/v1alpha1",
        "kind": "World",
        "region": REGION,
        "accounts": found,
    }
    if draw(st.booleans()) and ids:
        world["organizations"] = [draw(organizations(ids))]
    if ids:
        world["clusters"] = [
            draw(clusters(draw(st.sampled_from(found)), f"c{number}", found))
            for number in range(draw(st.integers(0, 2)))
        ]
    return world

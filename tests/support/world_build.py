"""World documents drawn at random: accounts, an organization and clusters that fit together."""

import json
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from sekisho.decide.values import Json

REGION = "ap-northeast-1"
ACCOUNTS = ("111122223333", "444455556666", "777788889999")
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"

TEXTS = st.one_of(
    st.sampled_from(
        [
            "a",
            "no",
            "1.30",
            "12:30",
            "2026-01-01",
            "",
            " x",
            "x ",
            "a: b",
            "# c",
            "- d",
            "|",
            "é",
            "null",
            "~",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text("ab :#-\n\t'\"é\u2028", max_size=12),
)
NAMES = st.text("abcXYZ019_+=,.@-", min_size=1, max_size=8)
KUBE_NAMES = st.text("abc019", min_size=1, max_size=5)
DATES = st.datetimes(min_value=datetime(1971, 1, 1)).map(  # noqa: DTZ001 - the Z is added
    lambda moment: moment.replace(microsecond=0).isoformat() + "Z"
)
PATHS = st.sampled_from(["/", "/team/", "/a/b/"])
TAGS = st.dictionaries(TEXTS, TEXTS, max_size=2)


def document(statements: Any) -> st.SearchStrategy[Json]:
    """Return policy documents: objects, and JSON texts in several spellings."""

    def spelled(value: Any, indent: int) -> Json:
        if indent < 0:
            found: Json = value
            return found
        return json.dumps(value, indent=indent or None, ensure_ascii=indent == 2)

    return st.builds(
        spelled,
        st.fixed_dictionaries({"Version": st.just("2012-10-17"), "Statement": statements}),
        st.sampled_from([-1, -1, 0, 2, 4]),
    )


_SIDS = st.text("abcAB01", max_size=6)
IDENTITY = document(
    st.fixed_dictionaries(
        {
            "Sid": _SIDS,
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Action": st.sampled_from(["s3:GetObject", ["eks:*", "iam:Get*"]]),
            "Resource": st.sampled_from(["*", ["arn:aws:s3:::b\u00e9/*"]]),
        }
    )
)
DENIES = document(
    st.fixed_dictionaries(
        {
            "Sid": _SIDS,
            "Effect": st.just("Deny"),
            "Principal": st.just("*"),
            "Action": st.just("s3:*"),
            "Resource": st.just("*"),
        }
    )
)


def trust(principals: list[str]) -> st.SearchStrategy[Json]:
    """Return trust policies that name some of ``principals``, or a service."""
    named = st.lists(st.sampled_from(principals), min_size=1, max_size=3).map(lambda names: {"AWS": names})
    return document(
        st.fixed_dictionaries(
            {
                "Effect": st.just("Allow"),
                "Principal": st.one_of(named, st.just({"Service": "eks.amazonaws.com"})),
                "Action": st.just("sts:AssumeRole"),
            }
        )
    )


@st.composite
def unlike(draw: st.DrawFn, names: st.SearchStrategy[str], most: int) -> list[str]:
    """Return names that differ even where case is ignored."""
    found: list[str] = draw(st.lists(names, max_size=most, unique_by=lambda name: name.lower()))
    return found


def some(draw: st.DrawFn, members: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """Return each member or not."""
    return {name: draw(strategy) for name, strategy in members.items() if draw(st.booleans())}


@st.composite
def unique_ids(draw: st.DrawFn, prefix: str) -> str:
    """Return a unique id; so many letters are never drawn twice."""
    return prefix + draw(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=17, max_size=17))


_PASSWORDS = st.fixed_dictionaries(
    {}, optional={"minimumLength": st.integers(6, 128), "symbols": st.booleans(), "maxAgeDays": st.just(9)}
)


def _next_id(prefix: str, taken: list[str]) -> str:
    """Return a unique id that was not given yet."""
    taken.append(f"{prefix}G{len(taken):016d}")
    return taken[-1]


@st.composite
def accounts(draw: st.DrawFn, id_: str, taken: list[str]) -> dict[str, Any]:
    """Return an account; ``taken`` are the profiles and ids that other accounts have."""

    def own_id(prefix: str) -> st.SearchStrategy[str]:
        return st.builds(_next_id, st.just(prefix), st.just(taken))

    policies = [
        {
            "name": name,
            **some(
                draw,
                {
                    "path": PATHS,
                    "policyId": own_id("ANPA"),
                    "created": DATES,
                    "description": TEXTS,
                    "tags": TAGS,
                    "latestVersion": st.integers(1, 9),
                },
            ),
            **draw(_contents()),
        }
        for name in draw(unlike(NAMES, 2))
    ]
    managed = ["arn:aws:iam::aws:policy/AdministratorAccess", *(one["name"] for one in policies)]
    attached = st.lists(st.sampled_from(managed), max_size=2, unique=True)
    inline = st.dictionaries(NAMES, IDENTITY, max_size=2)
    groups = [
        {
            "name": name,
            **some(
                draw,
                {
                    "path": PATHS,
                    "groupId": own_id("AGPA"),
                    "created": DATES,
                    "policies": attached,
                    "inline": inline,
                },
            ),
        }
        for name in draw(unlike(NAMES, 2))
    ]
    users = []
    for name in draw(unlike(NAMES, 3)):
        user: dict[str, Any] = {
            "name": name,
            **some(
                draw,
                {
                    "path": PATHS,
                    "userId": own_id("AIDA"),
                    "created": DATES,
                    "policies": attached,
                    "inline": inline,
                    "tags": TAGS,
                },
            ),
        }
        if draw(st.booleans()):
            user["boundary"] = draw(st.sampled_from(managed))
        if draw(st.booleans()) and groups:
            user["groups"] = [draw(st.sampled_from(groups))["name"]]
        for _ in range(draw(st.integers(0, 2))):
            profile = f"p{len(taken)}"
            taken.append(profile)
            user.setdefault("accessKeys", []).append(
                {"profile": profile, **some(draw, {"status": st.sampled_from(["Active", "Inactive"])})}
            )
        users.append(user)
    gone = draw(st.lists(st.sampled_from(["user/gone", "role/x/gone"]), max_size=1))
    resources = [*(f"user{one.get('path', '/')}{one['name']}" for one in users), *gone, "root"]
    arns = [f"arn:aws:iam::{id_}:{resource}" for resource in resources]
    roles = []
    for name in draw(unlike(NAMES, 2)):
        role = {
            "name": name,
            "trust": draw(trust(arns)),
            **some(
                draw,
                {
                    "path": PATHS,
                    "roleId": own_id("AROA"),
                    "created": DATES,
                    "policies": attached,
                    "inline": inline,
                    "maxSessionDuration": st.integers(3600, 43200),
                    "description": TEXTS,
                    "tags": TAGS,
                },
            ),
        }
        if draw(st.booleans()):
            role["trustedIds"] = {
                arn: draw(unique_ids("AIDA"))
                for arn in draw(st.lists(st.sampled_from(arns), max_size=2, unique=True))
            }
        roles.append(role)
    providers = [
        {
            "url": url,
            **some(
                draw,
                {
                    "clientIds": st.lists(st.text("a.:", min_size=1, max_size=4), max_size=2),
                    "thumbprints": st.just(["0" * 40]),
                    "created": DATES,
                    "tags": TAGS,
                },
            ),
        }
        for url in draw(
            st.lists(
                st.sampled_from(["https://a.example", "https://b.example:8443/x", "https://c.example/y/"]),
                max_size=2,
                unique=True,
            )
        )
    ]
    instance_profiles = [
        {
            "name": name,
            "role": draw(st.sampled_from(["", *(one["name"] for one in roles)])) or None,
            **some(draw, {"path": PATHS, "profileId": own_id("AIPA"), "created": DATES, "tags": TAGS}),
        }
        for name in draw(unlike(NAMES, 2))
    ]
    return {
        "id": id_,
        "users": users,
        "groups": groups,
        "roles": roles,
        "policies": policies,
        "oidcProviders": providers,
        "deletedPrincipals": gone,
        "instanceProfiles": instance_profiles,
        **some(
            draw,
            {
                "alias": st.just(f"a-{id_}"),
                "passwordPolicy": _PASSWORDS,
                "name": st.sampled_from([f"n{id_}", f"m {id_}"]),
            },
        ),
    }


@st.composite
def _contents(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"document": draw(IDENTITY)}
    names = draw(st.lists(st.sampled_from(["v1", "v2", "v3", "v7"]), min_size=1, max_size=3, unique=True))
    versions = [
        {"version": name, "document": draw(IDENTITY), **some(draw, {"created": DATES})} for name in names
    ]
    return {"versions": versions, **some(draw, {"defaultVersion": st.sampled_from(names), "updated": DATES})}

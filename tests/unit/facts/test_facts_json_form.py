"""Facts as JSON: what was written reads back equal; what another version wrote is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide import sts
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.values import AccountId, Arn, Instant, Principal, PrincipalType, Ref, SekishoInputError
from sekisho.facts import (
    Account,
    AccountCreation,
    ChangeSet,
    Cluster,
    ClusterAccessEntry,
    ClusterAddon,
    ClusterIdentityProvider,
    ClusterUpdate,
    CustomAttribute,
    DeletionStatus,
    Document,
    Fact,
    Group,
    InstanceProfile,
    IssuedSession,
    Kind,
    LoginProfile,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnectProvider,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    OrganizationPolicyType,
    PasswordPolicy,
    PodIdentityAssociation,
    PolicyAssociation,
    PolicyVersion,
    PoolPasswordPolicy,
    PropertyChange,
    ResourceChange,
    Role,
    RoleDeletion,
    Stack,
    StackEvent,
    StackOutput,
    StackResource,
    User,
    UserAccessKey,
    UserPool,
    UserPoolClient,
    UserPoolDomain,
    UserPoolGroup,
    UserPoolUser,
    UserStatus,
    json_form,
)
from sekisho.facts.json_form import fact_from_json, fact_to_json

TEXT = st.text(max_size=8)
ACCOUNTS = st.sampled_from(["111122223333", "000000000001"]).map(AccountId)
INSTANTS = st.integers(0, 4_000_000_000).map(Instant.from_epoch)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
TAGS = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
DOCUMENTS = st.lists(st.builds(Document, TEXT, TEXT), max_size=2).map(tuple)
POLICY_TYPES = st.sampled_from(OrganizationPolicyType)
ARNS = st.builds(Arn, st.just("aws"), st.just("iam"), st.just(""), ACCOUNTS, st.just("user/mira"))
PRINCIPALS = st.builds(Principal, st.sampled_from(PrincipalType), ARNS, TEXT, ARNS)
SESSIONS = st.builds(
    sts.Session,
    PRINCIPALS,
    INSTANTS,
    INSTANTS,
    TAGS,
    TEXTS,
    TEXT,
    st.lists(st.builds(sts.SessionPolicy, TEXT, TEXT), max_size=2).map(tuple),
    st.lists(st.builds(sts.Origin, st.sampled_from(sts.OriginKind), TEXT, TEXT), max_size=2).map(tuple),
    st.none() | st.builds(sts.WebIdentity, TEXT, TEXT, TEXT, TAGS),
    st.none() | INSTANTS,
    st.none() | st.integers(0, 100),
)
COMMON: dict[str, Any] = {"path": TEXT, "partition": TEXT, "inline": DOCUMENTS, "attached": TEXTS}
POLICIES = st.lists(st.builds(AssociatedPolicy, TEXT, st.sampled_from(ScopeType), TEXTS), max_size=2)
ENTRIES = st.builds(
    AccessEntry, TEXT, st.sampled_from(EntryType), TEXT, TEXTS, TEXT, st.none() | POLICIES.map(tuple)
)
DATES = st.lists(st.builds(PolicyAssociation, TEXT, INSTANTS, INSTANTS), max_size=2).map(tuple)
FACTS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.ACCOUNT: st.builds(
        Account,
        ACCOUNTS,
        TEXT,
        TEXT,
        alias=TEXT,
        password_policy=st.none() | st.builds(PasswordPolicy, st.integers(), st.booleans()),
    ),
    Kind.USER: st.builds(
        User, ACCOUNTS, TEXT, TEXT, INSTANTS, tags=TAGS, groups=TEXTS, boundary=TEXT, **COMMON
    ),
    Kind.MFA_DEVICE: st.builds(
        MfaDevice,
        ACCOUNTS,
        TEXT,
        INSTANTS,
        user=TEXT,
        enabled=st.none() | INSTANTS,
        drift=st.integers(),
        used=st.integers(),
        tags=TAGS,
    ),
    Kind.LOGIN_PROFILE: st.builds(LoginProfile, ACCOUNTS, TEXT, INSTANTS, st.booleans()),
    Kind.INSTANCE_PROFILE: st.builds(InstanceProfile, ACCOUNTS, TEXT, TEXT, INSTANTS, role=TEXT, tags=TAGS),
    Kind.ROLE_DELETION: st.builds(
        RoleDeletion, ACCOUNTS, TEXT, INSTANTS, st.sampled_from(DeletionStatus), used_by=TAGS
    ),
    Kind.ACCESS_ENTRY: st.builds(ClusterAccessEntry, TEXT, ENTRIES, TEXT, INSTANTS, INSTANTS, TAGS, DATES),
    Kind.IDENTITY_PROVIDER: st.builds(ClusterIdentityProvider, *[TEXT] * 8, TAGS, TEXT, TAGS, TEXT),
    Kind.CLUSTER_UPDATE: st.builds(ClusterUpdate, TEXT, TEXT, TEXT, TAGS, INSTANTS, TEXT),
    Kind.POD_IDENTITY: st.builds(
        PodIdentityAssociation,
        *(TEXT,) * 5,
        INSTANTS,
        INSTANTS,
        st.booleans(),
        TEXT,
        TEXT,
        TEXT,
        TAGS,
        TEXT,
    ),
    Kind.ADDON: st.builds(ClusterAddon, *(TEXT,) * 4, INSTANTS, INSTANTS, TAGS, TEXT, TEXT),
    Kind.GROUP: st.builds(Group, ACCOUNTS, TEXT, TEXT, INSTANTS, **COMMON),
    Kind.ROLE: st.builds(
        Role,
        ACCOUNTS,
        TEXT,
        TEXT,
        INSTANTS,
        TEXT,
        max_session_seconds=st.integers(),
        trusted_ids=TAGS,
        boundary=TEXT,
        **COMMON,
    ),
    Kind.POLICY: st.builds(
        ManagedPolicy,
        ACCOUNTS,
        TEXT,
        TEXT,
        INSTANTS,
        INSTANTS,
        st.lists(st.builds(PolicyVersion, TEXT, TEXT, INSTANTS), max_size=2).map(tuple),
        tags=TAGS,
    ),
    Kind.OIDC_PROVIDER: st.builds(OpenIdConnectProvider, ACCOUNTS, TEXT, INSTANTS, TEXTS, TEXTS, tags=TAGS),
    Kind.ACCESS_KEY: st.builds(UserAccessKey, ACCOUNTS, TEXT, TEXT, INSTANTS, st.booleans()),
    Kind.SESSION: st.builds(IssuedSession, TEXT, SESSIONS, TEXT),
    Kind.CLUSTER: st.builds(Cluster, ACCOUNTS, TEXT, TEXT, TEXT, INSTANTS, creator=TEXT, tags=TAGS),
    Kind.ORGANIZATION: st.builds(
        Organization,
        TEXT,
        ACCOUNTS,
        TEXT,
        INSTANTS,
        policy_types=st.lists(POLICY_TYPES, max_size=2).map(tuple),
        attached=TEXTS,
        root_tags=TAGS,
    ),
    Kind.ORGANIZATIONAL_UNIT: st.builds(OrganizationalUnit, TEXT, TEXT, TEXT, TEXT, TEXTS, TAGS),
    Kind.ORGANIZATION_ACCOUNT: st.builds(
        OrganizationAccount, ACCOUNTS, TEXT, TEXT, TEXT, TEXT, INSTANTS, attached=TEXTS, tags=TAGS
    ),
    Kind.ORGANIZATION_POLICY: st.builds(OrganizationPolicy, TEXT, TEXT, TEXT, POLICY_TYPES, TEXT, tags=TAGS),
    Kind.ACCOUNT_CREATION: st.builds(AccountCreation, TEXT, TEXT, TEXT, INSTANTS, TEXT, TEXT),
    Kind.USER_POOL: st.builds(
        UserPool,
        ACCOUNTS,
        TEXT,
        TEXT,
        TEXT,
        INSTANTS,
        INSTANTS,
        password_policy=st.builds(PoolPasswordPolicy, st.integers(6, 99), st.booleans()),
        username_attributes=TEXTS,
        custom_attributes=st.lists(st.builds(CustomAttribute, TEXT, TEXT, st.booleans()), max_size=2).map(
            tuple
        ),
        tags=TAGS,
    ),
    Kind.USER_POOL_CLIENT: st.builds(
        UserPoolClient, TEXT, TEXT, TEXT, INSTANTS, INSTANTS, st.booleans(), TEXTS, callback_urls=TEXTS
    ),
    Kind.USER_POOL_DOMAIN: st.builds(UserPoolDomain, TEXT, TEXT, TEXT, st.integers(1, 2)),
    Kind.USER_POOL_GROUP: st.builds(
        UserPoolGroup, TEXT, TEXT, INSTANTS, INSTANTS, TEXT, TEXT, st.none() | st.integers(0, 9)
    ),
    Kind.USER_POOL_USER: st.builds(
        UserPoolUser,
        TEXT,
        TEXT,
        TEXT,
        INSTANTS,
        INSTANTS,
        st.sampled_from(UserStatus),
        st.booleans(),
        TAGS,
        TEXTS,
    ),
    Kind.STACK: st.builds(
        Stack,
        ACCOUNTS,
        *(TEXT,) * 3,
        INSTANTS,
        *(TEXT,) * 5,
        st.none() | INSTANTS,
        st.none() | INSTANTS,
        TAGS,
        TEXTS,
        TAGS,
        TEXT,
        st.booleans(),
        resources=st.lists(st.builds(StackResource, *(TEXT,) * 4, INSTANTS, TEXT, TAGS), max_size=2).map(
            tuple
        ),
        outputs=st.lists(st.builds(StackOutput, TEXT, TEXT), max_size=2).map(tuple),
        events=st.lists(st.builds(StackEvent, *(TEXT,) * 5, INSTANTS), max_size=2).map(tuple),
    ),
    Kind.CHANGE_SET: st.builds(
        ChangeSet,
        ACCOUNTS,
        *(TEXT,) * 4,
        INSTANTS,
        *(TEXT,) * 8,
        TAGS,
        TEXTS,
        TAGS,
        TEXT,
        st.lists(
            st.builds(
                ResourceChange,
                *(TEXT,) * 5,
                st.lists(st.builds(PropertyChange, *(TEXT,) * 3), max_size=2).map(tuple),
            ),
            max_size=2,
        ).map(tuple),
    ),
    Kind.KUBE: st.dictionaries(TEXT, st.one_of(TEXT, st.none(), st.integers(), st.lists(TEXT))),
}
AT = Ref("state", "/0")


@given(data=st.data(), kind=st.sampled_from(list(Kind)))
def test_what_was_written_reads_back_equal(data: st.DataObject, kind: Kind) -> None:
    fact: Fact = data.draw(FACTS[kind])
    written = json.loads(json.dumps(fact_to_json(fact)))
    assert fact_from_json(kind, written, AT) == fact


def test_every_kind_of_fact_is_covered() -> None:
    assert set(FACTS) == set(Kind)


USER = {"account": "111122223333", "name": "u", "user_id": "AIDA", "created": "2026-01-31T09:00:00Z"}
POLICY = {"organization": "o-1", "policy": "p-1", "name": "n", "text": "{}"}
REFUSED: dict[str, tuple[Kind, Any, str, str]] = {
    "unknown field": (Kind.USER, {**USER, "x": 1}, "facts.unknown-field", "/0/x"),
    "missing field": (Kind.ACCOUNT, {"account": "1"}, "facts.missing-field", "/0"),
    "no object": (Kind.USER, [], "facts.wrong-type", "/0"),
    "Kubernetes object no object": (Kind.KUBE, "x", "facts.wrong-type", "/0"),
    "number for text": (Kind.USER, {**USER, "name": 1}, "facts.wrong-type", "/0/name"),
    "boolean for a number": (
        Kind.ROLE,
        {**USER, "max_session_seconds": True},
        "facts.unknown-field",
        "/0/user_id",
    ),
    "date no text": (Kind.USER, {**USER, "created": 1}, "facts.wrong-type", "/0/created"),
    "date of another form": (Kind.USER, {**USER, "created": "today"}, "facts.wrong-type", "/0/created"),
    "text for a list": (Kind.USER, {**USER, "attached": "x"}, "facts.wrong-type", "/0/attached"),
    "list with a number": (Kind.USER, {**USER, "attached": [1]}, "facts.wrong-type", "/0/attached/0"),
    "pair of three": (Kind.USER, {**USER, "tags": [["a", "b", "c"]]}, "facts.wrong-type", "/0/tags/0"),
    "another choice": (
        Kind.ORGANIZATION_POLICY,
        {**POLICY, "type": "TAG_POLICY"},
        "facts.wrong-type",
        "/0/type",
    ),
    "choice no text": (Kind.ORGANIZATION_POLICY, {**POLICY, "type": 1}, "facts.wrong-type", "/0/type"),
    "document no object": (Kind.USER, {**USER, "inline": [1]}, "facts.wrong-type", "/0/inline/0"),
}


@pytest.mark.parametrize(("kind", "value", "code", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_what_another_version_wrote_is_refused(kind: Kind, value: Any, code: str, pointer: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        fact_from_json(kind, value, AT)
    (fault,) = caught.value.faults
    assert (fault.code, fault.at) == (code, Ref("state", pointer))


@pytest.mark.parametrize(("value", "expected"), [(None, None), ("x", "x")])
def test_a_field_that_may_be_absent_is_null_or_a_value(value: Any, expected: str | None) -> None:
    assert json_form._decode(str | None, value, AT) == expected

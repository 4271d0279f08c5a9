"""Laws of cluster authentication: no input crashes, the index is the matcher, edits keep the rest."""

import base64
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.authn.aws_auth import CONFIG_MAP, parse, reload
from sekisho.decide.authn.aws_auth_edit import NewMapping, add, listing, remove
from sekisho.decide.authn.backend import Backend, matches
from sekisho.decide.authn.canonical import ArnError, canonical_mapping, canonicalize, strip_path
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.iam_token import StsQuestion, TokenServer, plan
from sekisho.decide.authn.mapping import resolve
from sekisho.decide.authn.sts_answer import StsAnswer, StsIdentity, conclude, identity_of
from sekisho.decide.authn.sts_host import StsEndpoints, StsPartition
from sekisho.decide.decision import Outcome
from sekisho.decide.values import Instant, Secret

AWS = StsPartition(
    "aws",
    "amazonaws.com",
    "api.aws",
    frozenset({"eu-west-1"}),
    r"(us|eu)-\w+-\d+",
    frozenset({"amazonaws.com"}),
)
SERVER = TokenServer("harbor", StsEndpoints("aws", (AWS,)), "", refuse_foreign_scope=True)
NOW = Instant.parse_rfc3339("2026-05-06T12:00:00Z")
QUESTION = StsQuestion("h", "eu-west-1", "aws", Secret(""), (("x-k8s-aws-id", "c"),), "K", NOW, NOW, "")
A, B = "111122223333", "444455556666"

GOOD = {
    "Action": "GetCallerIdentity",
    "Version": "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "ASIAEXAMPLEKEY000001/20260506/eu-west-1/sts/aws4_request",
    "X-Amz-Date": "20260506T120000Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    "X-Amz-Signature": "5e" * 32,
}


def token(payload: bytes) -> str:
    return "k8s-aws-v1." + base64.urlsafe_b64encode(payload).decode().rstrip("=")


@given(st.text() | st.binary().map(token) | st.text().map(lambda text: f"k8s-aws-v1.{text}"))
def test_no_token_crashes_the_reader_and_none_made_at_random_is_asked(text: str) -> None:
    assert not plan(text, SERVER, NOW).allowed


@given(
    st.sampled_from(sorted(GOOD)),
    st.text(max_size=8),
    st.sampled_from(["https://sts.eu-west-1.amazonaws.com/?"]),
)
def test_no_parameter_carries_anything_into_the_request_that_was_not_checked(
    name: str, value: str, start: str
) -> None:
    members = {**GOOD, name: value}
    query = "&".join(f"{quote(key)}={quote(text, safe='')}" for key, text in members.items())
    decision = plan(token((start + query).encode()), SERVER, NOW)
    if decision.value is not None:
        target = decision.value.target.reveal()
        assert target == f"/?{query}"
        assert target.isascii()
        assert target.isprintable()
        assert GOOD["X-Amz-Signature"] not in repr(decision)


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_answer_crashes_and_none_made_at_random_is_an_identity(status: int, body: bytes) -> None:
    assert not conclude(QUESTION, StsAnswer(status, body)).allowed


ARN_TEXT = st.builds(
    "arn:{}:{}::{}:{}".format,
    st.sampled_from(["aws", "aws-cn", "moon", ""]),
    st.sampled_from(["iam", "sts", "s3"]),
    st.sampled_from([A, B, ""]),
    st.lists(
        st.sampled_from(["role", "user", "assumed-role", "root", "p", "Ops", "mia", ""]),
        min_size=1,
        max_size=5,
    ).map("/".join),
)


@given(ARN_TEXT | st.text())
def test_canonical_arns_are_canonical(text: str) -> None:
    try:
        once = canonicalize(text)
    except ArnError:
        return
    assert canonicalize(str(once.arn)).arn == once.arn
    mapped = canonical_mapping(text)
    assert canonical_mapping(str(mapped.arn)).arn == mapped.arn
    assert strip_path(str(mapped.arn)) == str(mapped.arn)


SSO = "AWSReservedSSO_"
ROLE_NAMES = st.sampled_from(
    [
        "ops",
        "Ops",
        "p/ops",
        "dev",
        "AWSReservedSSO_Ops_0f1e2d3c4b5a6978",
        "AWSReservedSSO_Ops_Admin_aaaaaaaaaaaaaaaa",
    ]
)
ACCOUNTS = st.sampled_from([A, B])
ROLE_ARNS = st.builds("arn:aws:iam::{}:role/{}".format, ACCOUNTS, ROLE_NAMES)
ANY_ARN = (
    ROLE_ARNS
    | st.builds("arn:aws:iam::{}:user/{}".format, ACCOUNTS, st.sampled_from(["ops", "ana", "p/ana"]))
    | st.builds("arn:aws:sts::{}:assumed-role/{}/x".format, ACCOUNTS, ROLE_NAMES)
    | st.sampled_from(["", "nonsense", "arn:aws:iam::*:role/ops", f"arn:aws:iam::{A}:role/*"])
)
MORE = {"username": st.sampled_from(["u", "v", ""]), "userid": st.sampled_from(["", "AROA1", "AROA2"])}
ENTRIES = st.fixed_dictionaries({"rolearn": ANY_ARN, **MORE}) | st.fixed_dictionaries(
    {
        "sso": st.fixed_dictionaries(
            {"permissionSetName": st.sampled_from(["Ops", "ops", "Ops_Admin"]), "accountID": ACCOUNTS}
        ),
        **MORE,
    }
)
USER_ENTRIES = st.fixed_dictionaries({"userarn": ANY_ARN, **MORE})
IDENTITIES = st.builds(
    lambda account, name, unique: identity_of(
        f"arn:aws:sts::{account}:assumed-role/{name}/mia", f"{unique}:mia", account
    ),
    ACCOUNTS,
    ROLE_NAMES.filter(lambda name: "/" not in name),
    st.sampled_from(["AROA1", "AROA2"]),
) | st.builds(
    lambda account, name: identity_of(f"arn:aws:iam::{account}:user/{name}", "AIDA1", account),
    ACCOUNTS,
    st.sampled_from(["ops", "ana", "p/ana"]),
)
BACKENDS = st.builds(
    lambda roles, users, accounts, reading, sso, strict: Backend.from_aws_auth(
        parse(
            {
                "mapRoles": json.dumps(roles),
                "mapUsers": json.dumps(users),
                "mapAccounts": json.dumps(accounts),
            },
            Rules(reading, sso, strict),
        ),
        CONFIG_MAP,
        user_id_strict=strict,
    ),
    st.lists(ENTRIES, max_size=4),
    st.lists(USER_ENTRIES, max_size=3),
    st.lists(ACCOUNTS, max_size=1),
    st.sampled_from(Reading),
    st.booleans(),
    st.booleans(),
)


@given(BACKENDS, IDENTITIES)
def test_the_index_finds_what_the_matcher_matches(backend: Backend, identity: StsIdentity) -> None:
    matching = [mapping for mapping in backend.mappings if matches(mapping, identity, backend)]
    found = backend.find(identity)
    assert (found is not None) is bool(matching)
    if found is not None:
        assert found.mapping in matching


@given(st.lists(BACKENDS, max_size=3), IDENTITIES)
def test_explaining_never_changes_the_answer(backends: list[Backend], identity: StsIdentity) -> None:
    fast = resolve(identity, backends)
    slow = resolve(identity, backends, explain=True)
    assert (fast.outcome, fast.decisive, fast.value) == (slow.outcome, slow.decisive, slow.value)
    assert len(slow.trace) >= sum(len(backend.mappings) for backend in backends)
    if slow.outcome is Outcome.NO_OPINION:
        assert slow.repairs


def naive(identity: StsIdentity, entries: list[dict[str, str]]) -> str | None:
    """aws-auth as the guide describes it: the last entry with the caller's ARN, ignoring case."""
    names = [e["username"] for e in entries if e["rolearn"].lower() == str(identity.canonical.arn).lower()]
    return names[-1] if names else None


@given(
    st.lists(
        st.fixed_dictionaries({"rolearn": ANY_ARN, "username": st.sampled_from(["u", "v"])}), max_size=5
    ),
    IDENTITIES,
)
def test_reading_as_eks_is_what_the_guide_says(entries: list[dict[str, str]], identity: StsIdentity) -> None:
    auth = parse({"mapRoles": json.dumps(entries)}, Rules(Reading.EKS, sso_role_match=False))
    decision = resolve(identity, [Backend.from_aws_auth(auth, CONFIG_MAP)])
    assert (decision.value.name if decision.value else None) == naive(identity, entries)


SECTION_TEXT = st.text(alphabet="-[]{}:'\"#&*|\n\t roleanusm1", max_size=60) | st.text(max_size=40)


@given(SECTION_TEXT, SECTION_TEXT, SECTION_TEXT)
def test_no_text_crashes_the_reader_and_a_reload_keeps_what_was_good(one: str, two: str, three: str) -> None:
    rules = Rules(Reading.CANONICAL, sso_role_match=True)
    good = parse({"mapRoles": f"- {{rolearn: 'arn:aws:iam::{A}:role/ops', username: a}}"}, rules)
    after = reload(good, {"mapRoles": one, "mapUsers": two, "mapAccounts": three}, rules)
    assert after.degraded is bool(after.stale | after.unread)
    if "mapRoles" in after.stale:
        assert after.roles == good.roles


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(ROLE_ARNS, TEXTS, st.lists(TEXTS, max_size=3)), min_size=1, max_size=4))
def test_what_is_added_is_listed_and_what_is_removed_is_gone(new: list[tuple[str, str, list[str]]]) -> None:
    data: dict[str, str] = {"mapUsers": "# kept\n"}
    for arn, username, groups in new:
        edit = add(data, NewMapping(arn, username, tuple(groups)))
        row = listing(edit.data)[-1]
        assert (row.arn, row.username, row.groups) == (strip_path(arn), username, tuple(groups))
        data = dict(edit.data)
    assert len(listing(data)) == len(new)
    left = listing(data)[1:]
    after = remove(data, listing(data)[0].arn)
    assert [(row.arn, row.username) for row in listing(after.data)] == [
        (row.arn, row.username) for row in left
    ]
    assert after.data["mapUsers"] == "# kept\n"

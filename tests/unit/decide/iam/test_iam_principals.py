"""Principal and NotPrincipal: every form of a name against every kind of caller, and near misses."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import Layer, Policies, evaluate, explain
from sekisho.decide.iam.code import Code, Fix, Near
from sekisho.decide.iam.faults import Faults
from sekisho.decide.iam.principals import Named, Reach, caller_name
from sekisho.decide.iam.read_principal import read_principals
from sekisho.decide.values import (
    Anonymous,
    Arn,
    Caller,
    FederatedPrincipal,
    Json,
    Principal,
    PrincipalType,
    Ref,
    ServicePrincipal,
)
from unit.decide.iam.build import ACCOUNT, allow, ask, federated_user, layer, root, session, trust, user

OTHER = "444455556666"
ANA, SESSION, GUEST = user(), session(), federated_user()
HERE = f"arn:aws:iam::{ACCOUNT}:"
STS = f"arn:aws:sts::{ACCOUNT}:"
PODS = ServicePrincipal("pods.eks.amazonaws.com")
PROVIDER = f"{HERE}oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"
TOKEN = FederatedPrincipal(PROVIDER)
NOBODY = Anonymous()
UNKNOWN_ANA = Principal(PrincipalType.USER, ANA.arn, "AIDA", ANA.entity)
NO_PATH = Principal(
    PrincipalType.ROLE_SESSION, SESSION.arn, SESSION.user_id, Arn.parse(f"{HERE}role/deployer")
)


def named(reach: Reach) -> Named:
    return Named(reach, reach)


NONE, WHOLE, ENTITY, SELF = map(named, Reach)


NAMES: dict[str, tuple[Json, Caller, Named]] = {
    "everyone, a user": ("*", ANA, SELF),
    "everyone, anonymous": ("*", NOBODY, SELF),
    "everyone, a service": ({"AWS": "*"}, PODS, SELF),
    "everyone, a token": ({"AWS": "*"}, TOKEN, SELF),
    "account number": ({"AWS": ACCOUNT}, ANA, WHOLE),
    "account number, a session": ({"AWS": ACCOUNT}, SESSION, WHOLE),
    "account number, root": ({"AWS": ACCOUNT}, root(), WHOLE),
    "account number, anonymous": ({"AWS": ACCOUNT}, NOBODY, NONE),
    "account number, a service": ({"AWS": ACCOUNT}, PODS, NONE),
    "other account": ({"AWS": OTHER}, ANA, NONE),
    "account root": ({"AWS": f"{HERE}root"}, ANA, WHOLE),
    "account root of another partition": ({"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}, ANA, NONE),
    "user": ({"AWS": f"{HERE}user/ana"}, ANA, SELF),
    "user in other case": ({"AWS": f"{HERE}user/Ana"}, ANA, NONE),
    "user whose name begins so": ({"AWS": f"{HERE}user/an"}, ANA, NONE),
    "user with another path": ({"AWS": f"{HERE}user/x/ana"}, ANA, NONE),
    "user of another account": ({"AWS": f"arn:aws:iam::{OTHER}:user/ana"}, ANA, NONE),
    "user behind a federated session": ({"AWS": f"{HERE}user/ana"}, GUEST, ENTITY),
    "user, for root": ({"AWS": f"{HERE}user/ana"}, root(), NONE),
    "role": ({"AWS": f"{HERE}role/ci/deployer"}, SESSION, ENTITY),
    "role whose path the caller does not tell": ({"AWS": f"{HERE}role/ci/deployer"}, NO_PATH, ENTITY),
    "role of another name": ({"AWS": f"{HERE}role/ci/deploy"}, SESSION, NONE),
    "role of another account": ({"AWS": f"arn:aws:iam::{OTHER}:role/ci/deployer"}, SESSION, NONE),
    "user called like the role": ({"AWS": f"{HERE}user/ci/deployer"}, SESSION, NONE),
    "session": ({"AWS": f"{STS}assumed-role/deployer/run-1"}, SESSION, SELF),
    "other session": ({"AWS": f"{STS}assumed-role/deployer/run-2"}, SESSION, NONE),
    "federated session": ({"AWS": f"{STS}federated-user/guest"}, GUEST, SELF),
    "id of the user": ({"AWS": ANA.user_id}, ANA, SELF),
    "id of the user, made again": ({"AWS": "AIDA0000000000000OLD"}, ANA, NONE),
    "id of the role": ({"AWS": SESSION.user_id.partition(":")[0]}, SESSION, ENTITY),
    "id, for root": ({"AWS": ANA.user_id}, root(), NONE),
    "id, of a caller whose id was not read": (
        {"AWS": ANA.user_id},
        UNKNOWN_ANA,
        Named(Reach.NONE, Reach.SELF),
    ),
    "id, of the user behind a federated session": (
        {"AWS": ANA.user_id},
        GUEST,
        Named(Reach.NONE, Reach.ENTITY),
    ),
    "canonical user": ({"CanonicalUser": "79a5"}, ANA, Named(Reach.NONE, Reach.ACCOUNT)),
    "canonical user, a service": ({"CanonicalUser": "79a5"}, PODS, NONE),
    "service": ({"Service": PODS.name}, PODS, SELF),
    "one of several services": ({"Service": ["ec2.amazonaws.com", PODS.name]}, PODS, SELF),
    "other service": ({"Service": "ec2.amazonaws.com"}, PODS, NONE),
    "every service": ({"Service": "*"}, PODS, SELF),
    "every service, a user": ({"Service": "*"}, ANA, NONE),
    "service, a token": ({"Service": PROVIDER}, TOKEN, NONE),
    "provider": ({"Federated": PROVIDER}, TOKEN, SELF),
    "other provider": ({"Federated": f"{PROVIDER}2"}, TOKEN, NONE),
    "several kinds": ({"Service": PODS.name, "AWS": f"{HERE}user/ana"}, ANA, SELF),
    "the closest of several": ({"AWS": [ACCOUNT, f"{HERE}user/ana"]}, ANA, SELF),
}


@pytest.mark.parametrize(("value", "who", "expected"), NAMES.values(), ids=NAMES.keys())
def test_how_closely_a_principal_names_a_caller(value: Json, who: Caller, expected: Named) -> None:
    faults = Faults()
    principals = read_principals(value, Ref("p", "/Principal"), faults, {})
    assert faults.found == []
    assert principals.allows(who) == expected
    denies = principals.denies(who, bounded=False)
    assert (bool(denies.surely), bool(denies.perhaps)) == (bool(expected.surely), bool(expected.perhaps))


LISTS: dict[str, tuple[list[str], Caller, bool, bool]] = {
    "nobody of ours": ([f"{HERE}user/bob"], ANA, True, True),
    "user and account": ([f"{HERE}user/ana", ACCOUNT], ANA, False, False),
    "user alone": ([f"{HERE}user/ana"], ANA, False, True),
    "account alone": ([ACCOUNT], ANA, False, True),
    "session, role and account": (
        [f"{STS}assumed-role/deployer/run-1", f"{HERE}role/ci/deployer", ACCOUNT],
        SESSION,
        False,
        False,
    ),
    "role and account": ([f"{HERE}role/ci/deployer", ACCOUNT], SESSION, False, True),
    "federated session, user and account": (
        [f"{STS}federated-user/guest", f"{HERE}user/ana", ACCOUNT],
        GUEST,
        False,
        False,
    ),
    "account of root": ([ACCOUNT], root(), False, False),
    "everyone": (["*"], SESSION, False, False),
    "users, for a service": ([f"{HERE}user/ana"], PODS, True, True),
    "users, for nobody": ([f"{HERE}user/ana"], NOBODY, True, True),
}


@pytest.mark.parametrize(("listed", "who", "allows", "denies"), LISTS.values(), ids=LISTS.keys())
def test_not_principal(listed: list[str], who: Caller, allows: bool, denies: bool) -> None:
    principals = read_principals({"AWS": [*listed]}, Ref("p", "/NotPrincipal"), Faults(), {})
    assert bool(principals.allows(who).surely) is allows
    assert bool(principals.denies(who, bounded=False).surely) is denies
    assert bool(principals.denies(who, bounded=True).surely)
    unread = principals.denies(who, bounded=None)
    assert (bool(unread.surely), bool(unread.perhaps)) == (denies, True)


def test_not_principal_with_an_id_that_was_not_read() -> None:
    principals = read_principals({"AWS": [ANA.user_id, ACCOUNT]}, Ref("p", "/NotPrincipal"), Faults(), {})
    assert principals.denies(UNKNOWN_ANA, bounded=False) == Named(Reach.NONE, Reach.SELF)
    alone = read_principals({"AWS": [ANA.user_id]}, Ref("p", "/NotPrincipal"), Faults(), {})
    assert alone.allows(UNKNOWN_ANA) == Named(Reach.NONE, Reach.ENTITY)


S3 = ask("s3:GetObject", "arn:aws:s3:::b/k", who=UNKNOWN_ANA)


@pytest.mark.parametrize(
    ("principal", "keys"),
    [({"AWS": ANA.user_id}, "aws:userid"), ({"CanonicalUser": "79a5", "AWS": OTHER}, "canonical user id")],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_an_unread_id_leaves_the_answer_open(principal: Json, keys: str, effect: str) -> None:
    given = Policies(resource=layer(Layer.RESOURCE, {**allow(Principal=principal), "Effect": effect}))
    found = explain(ask("s3:GetObject", "arn:aws:s3:::b/k", who=UNKNOWN_ANA, owner=None), given)
    is_open = effect == "Deny" or keys == "aws:userid"
    assert found.outcome is (Outcome.UNKNOWN if is_open else Outcome.NO_OPINION)
    assert evaluate(S3, given).outcome is found.outcome
    if is_open:
        (step,) = found.decisive
        assert (step.code, dict(step.facts)["keys"]) == (Code.PRINCIPAL_UNREAD, keys)


def test_the_account_is_sure_while_the_id_is_open() -> None:
    given = layer(Layer.RESOURCE, allow(Principal={"AWS": [ACCOUNT, ANA.user_id]}))
    asked = ask("s3:GetObject", "arn:aws:s3:::b/k", who=UNKNOWN_ANA, owner=OTHER)
    identity = (*layer(Layer.IDENTITY, allow()),)
    assert evaluate(asked, Policies(identity, given)).allowed
    assert explain(asked, Policies(identity, given)).allowed
    assert evaluate(S3, Policies((), given)).outcome is Outcome.UNKNOWN
    assert explain(S3, Policies((), given)).outcome is Outcome.UNKNOWN


ROLE = f"{HERE}role/app"


def saved(
    principal: Json, who: Caller, unique_ids: dict[str, str] | None = None
) -> tuple[Outcome, list[str]]:
    made = trust(allow("sts:*", Principal=principal), unique_ids=unique_ids)
    asked = ask("sts:AssumeRole", ROLE, who=who)
    found = explain(asked, Policies(resource=made))
    assert evaluate(asked, Policies(resource=made)).outcome is found.outcome
    return found.outcome, [str(step.code) for step in found.nearest]


def test_a_name_stands_for_the_id_it_had_when_the_document_was_saved() -> None:
    arn = str(ANA.arn)
    assert saved({"AWS": arn}, ANA, {arn: ANA.user_id}) == (Outcome.ALLOW, [])
    recreated = (Outcome.NO_OPINION, [Near.PRINCIPAL_RECREATED])
    assert saved({"AWS": arn}, ANA, {arn: "AIDA0000000000000OLD"}) == recreated
    assert saved({"AWS": arn}, UNKNOWN_ANA, {arn: ANA.user_id})[0] is Outcome.UNKNOWN


NEAR: dict[str, tuple[Json, Caller, list[Near | Code]]] = {
    "case": ({"AWS": f"{HERE}user/Ana"}, ANA, [Near.PRINCIPAL_CASE]),
    "path": ({"AWS": f"{HERE}user/x/ana"}, ANA, [Near.PRINCIPAL_PATH]),
    "account": ({"AWS": f"arn:aws:iam::{OTHER}:user/ana"}, ANA, [Near.PRINCIPAL_ACCOUNT]),
    "session": ({"AWS": f"{STS}assumed-role/deployer/run-2"}, SESSION, [Near.PRINCIPAL_SESSION]),
    "session of another role": ({"AWS": f"{STS}assumed-role/x/run-1"}, SESSION, [Code.PRINCIPAL]),
    "issuer": ({"Federated": f"{PROVIDER}2"}, TOKEN, [Near.PRINCIPAL_ISSUER]),
    "the nearest of several": (
        {"AWS": [f"arn:aws:iam::{OTHER}:user/ana", f"{HERE}user/ANA", OTHER]},
        ANA,
        [Near.PRINCIPAL_CASE],
    ),
    "somebody else": ({"AWS": f"{HERE}user/bob"}, ANA, [Code.PRINCIPAL]),
    "somebody elsewhere": ({"AWS": f"arn:aws:iam::{OTHER}:user/bob"}, ANA, [Code.PRINCIPAL]),
    "a service": ({"Service": "ec2.amazonaws.com"}, PODS, [Code.PRINCIPAL]),
    "a token where a service is named": ({"Service": "ec2.amazonaws.com"}, TOKEN, [Code.PRINCIPAL]),
}


@pytest.mark.parametrize(("principal", "who", "near"), NEAR.values(), ids=NEAR.keys())
def test_near_miss_of_a_principal(principal: Json, who: Caller, near: list[Near | Code]) -> None:
    found = explain(
        ask("sts:AssumeRole", ROLE, who=who), Policies(resource=trust(allow("sts:*", Principal=principal)))
    )
    assert [step.code for step in found.nearest] == near
    assert [fix.code for fix in found.repairs] == [Fix.ADD_PRINCIPAL, Fix.ADD_GRANT]
    assert found.repairs[0].facts == (("principal", caller_name(who)), ("at", "trust#/Statement/0/Principal"))


def test_a_caller_left_out_by_not_principal_is_told_so() -> None:
    given = layer(Layer.RESOURCE, {**allow("s3:*"), "NotPrincipal": {"AWS": str(ANA.arn)}})
    found = explain(ask("s3:GetObject", "arn:aws:s3:::b/k"), Policies(resource=given))
    assert [step.code for step in found.trace] == [Code.PRINCIPAL_EXCLUDED]
    assert [step.code for step in found.nearest] == [Code.PRINCIPAL_EXCLUDED]
    assert found.trace[0].at == Ref("resource", "/Statement/0/NotPrincipal")


CALLERS = {"anonymous": NOBODY, PODS.name: PODS, PROVIDER: TOKEN, f"{HERE}role/ci/deployer": SESSION}


@pytest.mark.parametrize(("name", "who"), CALLERS.items())
def test_what_a_caller_is_called(name: str, who: Caller) -> None:
    assert caller_name(who) == name

"""From a service account to AWS: which link a fault belongs to, what would repair it, what is not known."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.chain.pod_identity_to_aws import PodIdentityCluster, PodIdentityLink
from sekisho.decide.chain.pod_to_aws import WebIdentityLink
from sekisho.decide.chain.request_to_aws import AWS_CHAIN, AwsLink
from sekisho.decide.chain.workload_question import Workload
from sekisho.decide.chain.workload_to_aws import (
    WORKLOAD_CHAIN,
    Credentials,
    WorkloadLink,
    assume_next,
    obtain,
    permitted,
)
from sekisho.decide.decision import Chain, Decision, Link, Outcome, Repair
from sekisho.decide.iam.code import Near
from sekisho.decide.sts import StsCode, StsFix
from sekisho.decide.sts.pod_identity import Association
from sekisho.decide.sts.pod_identity_code import PodIdentityCode
from sekisho.decide.values import Ref, documents
from sekisho.decide.workload.aws_profiles import read_profiles, way_of
from sekisho.decide.workload.code import WorkloadCode, WorkloadFix
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.decide.workload.stored_pod import StoredPod, read_workload
from support.sts_build import (
    AWAY,
    HOME,
    ISSUER,
    NOW,
    POD,
    PROVIDER,
    ROLE,
    SPOKE,
    URL,
    role,
    trusting,
    web_trust,
    world,
)
from support.sts_world import World

CLUSTER = f"arn:aws:eks:eu-north-1:{HOME}:cluster/shop"
FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
TRUST = web_trust(StringEquals={f"{URL}:sub": POD})


@dataclass(frozen=True)
class Facts:
    """The accounts, and of which something was not read."""

    sts: World
    unread_roles: str = ""
    unread_providers: str = ""

    def are_roles_read(self, account: str) -> bool:
        return account != self.unread_roles

    def are_providers_read(self, account: str) -> bool:
        return account != self.unread_providers


SECOND = f"arn:aws:iam::{HOME}:role/second"
AGENT = "http://169.254.170.23/v1/credentials"
AGENT_FOLDER = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"


def facts_with(trust: dict[str, Any]) -> Facts:
    """Return the accounts, and at home the role ``second`` beside the others."""
    accounts = world(TRUST)
    accounts.accounts[HOME]["roles"]["second"] = role(trust)
    return Facts(accounts)


FACTS = facts_with(trusting({"AWS": AWAY}))


def account(role_arn: str = ROLE, **more: str) -> AccountFacts:
    named = {"role-arn": role_arn, **more}
    return AccountFacts(
        "billing", "ledger", {f"eks.amazonaws.com/{key}": text for key, text in named.items()}
    )


BARE = AccountFacts("billing", "ledger", {})


def workload(facts: AccountFacts | None = None, **members: Any) -> Workload:
    return Workload(facts or account(), CLUSTER, members.pop("issuer", ISSUER), Settings(), **members)


def names(found: Credentials) -> list[str]:
    return [str(link.name) for link in found.chain.links]


def failed(found: Credentials) -> tuple[str, Outcome, str]:
    link = found.chain.failed
    assert link is not None
    assert not found.allowed
    return link.name, link.decision.outcome, str(link.decision.decisive[0].code)


def repairs(found: Credentials) -> tuple[Repair, ...]:
    link = found.chain.failed
    assert link is not None
    return link.decision.repairs


def pod(env: dict[str, str] | None = None, uid: str = "u", mounted: bool = True) -> StoredPod:
    token = {"audience": "sts.amazonaws.com", "expirationSeconds": 3600, "path": "token"}
    body: Any = {
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "billing", "uid": uid},
        "spec": {
            "serviceAccountName": "ledger",
            "volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": token}]}}],
            "containers": [
                {
                    "name": "main",
                    "env": [{"name": name, "value": value} for name, value in (env or {}).items()],
                    "volumeMounts": [{"name": "t", "mountPath": FILE.removesuffix("/token")}] * mounted,
                }
            ],
        },
    }
    return read_workload(body, Ref("pod/billing/web"))


def carrying(role_arn: str = ROLE) -> StoredPod:
    return pod({"AWS_ROLE_ARN": role_arn, "AWS_WEB_IDENTITY_TOKEN_FILE": FILE})


def by_agent() -> StoredPod:
    token = {"audience": "pods.eks.amazonaws.com", "expirationSeconds": 80_000, "path": "t"}
    env = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": AGENT,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{AGENT_FOLDER}/t",
    }
    body: Any = {
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "billing", "uid": "u"},
        "spec": {
            "serviceAccountName": "ledger",
            "volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": token}]}}],
            "containers": [
                {
                    "name": "main",
                    "env": [{"name": name, "value": value} for name, value in env.items()],
                    "volumeMounts": [{"name": "t", "mountPath": AGENT_FOLDER}],
                }
            ],
        },
    }
    return read_workload(body, Ref("pod/billing/web"))


def associated(role_arn: str, **members: Any) -> Workload:
    one = Association("a-1", "billing", "ledger", role_arn)
    cluster = PodIdentityCluster(CLUSTER, ISSUER, (one,))
    return workload(replace(BARE, is_associated=True), associations=cluster, **members)


def test_an_association_gives_its_role_to_the_account_and_to_its_pods() -> None:
    facts = facts_with(trusting({"Service": "pods.eks.amazonaws.com"}))
    for asked in (associated(SECOND), associated(SECOND, pod=by_agent())):
        found = obtain(asked, facts, NOW)
        assert found.session is not None
        assert str(found.session.principal.entity) == SECOND
        assert names(found)[-2:] == [PodIdentityLink.ASSOCIATION, PodIdentityLink.ROLE]
        assert dict(found.session.tags)["kubernetes-service-account"] == "ledger"


def test_associations_that_were_not_read_may_go_before_what_is_known() -> None:
    unread = PodIdentityCluster(CLUSTER, ISSUER, (), "no file lists them")
    expected = (PodIdentityLink.ASSOCIATION, Outcome.UNKNOWN, PodIdentityCode.NOT_READ)
    assert failed(obtain(workload(associations=unread), FACTS, NOW)) == expected
    assert failed(obtain(workload(BARE, associations=unread), FACTS, NOW)) == expected
    assert obtain(workload(pod=carrying(), associations=unread), FACTS, NOW).allowed
    gone = obtain(workload(GONE, associations=unread), FACTS, NOW)
    assert failed(gone)[1:] == (Outcome.DENY, WorkloadCode.NO_ACCOUNT)
    one = Association("a-1", "billing", "ledger", SECOND)
    some = PodIdentityCluster(CLUSTER, ISSUER, (one,), "the listing ends early")
    asked = workload(replace(BARE, is_associated=True), associations=some)
    assert obtain(asked, facts_with(trusting({"Service": "pods.eks.amazonaws.com"})), NOW).allowed


def test_the_repair_of_a_role_that_does_not_trust_eks_is_its_whole_trust_policy() -> None:
    fix = repairs(obtain(associated(SECOND), FACTS, NOW))[0]
    assert fix.code is StsFix.CORRECT_TRUST
    trust = documents.parse_json(dict(fix.facts)["document"])
    assert isinstance(trust, dict)
    assert obtain(associated(SECOND), facts_with(dict(trust)), NOW).allowed


def test_a_service_account_that_is_trusted_gets_a_session() -> None:
    found = obtain(workload(), FACTS, NOW)
    assert (found.chain.name, found.allowed) == (WORKLOAD_CHAIN, True)
    assert names(found) == [
        WorkloadLink.ACCOUNT,
        WebIdentityLink.TOKEN,
        WebIdentityLink.PROVIDER,
        WebIdentityLink.SESSION,
    ]
    assert found.session is not None
    assert str(found.session.principal.entity) == ROLE
    token = found.chain.links[1].decision.decisive[0]
    assert (token.code, dict(token.facts)["subject"]) == (WorkloadCode.TOKEN, POD)


def test_so_does_a_pod_that_carries_the_role() -> None:
    found = obtain(workload(pod=carrying()), FACTS, NOW)
    assert names(found)[:2] == [WorkloadLink.ACCOUNT, WorkloadLink.INJECTION]
    assert found.allowed


GONE = AccountFacts("billing", "ledger", None)
UNREAD = replace(GONE, is_read=False)
OTHER = f"arn:aws:iam::{HOME}:role/other"
CASES: dict[str, tuple[Workload, Facts, tuple[str, Outcome, str]]] = {
    "no annotation": (
        workload(BARE),
        FACTS,
        (WorkloadLink.ACCOUNT, Outcome.NO_OPINION, WorkloadCode.NOT_ANNOTATED),
    ),
    "no annotation, of a pod": (
        workload(BARE, pod=pod()),
        FACTS,
        (WorkloadLink.ACCOUNT, Outcome.NO_OPINION, WorkloadCode.NOT_ANNOTATED),
    ),
    "no account": (workload(GONE), FACTS, (WorkloadLink.ACCOUNT, Outcome.DENY, WorkloadCode.NO_ACCOUNT)),
    "no account, of a pod that carries a role": (
        workload(GONE, pod=carrying()),
        FACTS,
        (WorkloadLink.ACCOUNT, Outcome.DENY, WorkloadCode.NO_ACCOUNT),
    ),
    "an account that was not read": (
        workload(UNREAD),
        FACTS,
        (WorkloadLink.ACCOUNT, Outcome.UNKNOWN, WorkloadCode.ACCOUNT_UNREAD),
    ),
    "a pod without anything": (
        workload(pod=pod()),
        FACTS,
        (WorkloadLink.INJECTION, Outcome.DENY, WorkloadCode.MISSED),
    ),
    "a pod with half of it and no annotation": (
        workload(BARE, pod=pod({"AWS_ROLE_ARN": ROLE})),
        FACTS,
        (WorkloadLink.INJECTION, Outcome.DENY, WorkloadCode.FILE_MISSING),
    ),
    "an association of a role that does not trust EKS": (
        associated(SECOND),
        FACTS,
        (PodIdentityLink.ROLE, Outcome.NO_OPINION, StsCode.NOT_AUTHORIZED),
    ),
    "an association of a role that does not exist": (
        associated(OTHER),
        FACTS,
        (PodIdentityLink.ROLE, Outcome.DENY, StsCode.ROLE_UNKNOWN),
    ),
    "an association of a role that was not read": (
        associated(OTHER),
        replace(FACTS, unread_roles=HOME),
        (PodIdentityLink.ROLE, Outcome.UNKNOWN, WorkloadCode.ROLES_UNREAD),
    ),
    "a pod that carries an association that is gone": (
        workload(BARE, pod=by_agent()),
        FACTS,
        (WorkloadLink.INJECTION, Outcome.DENY, WorkloadCode.DIFFERS),
    ),
    "an issuer that was not read": (
        workload(issuer=""),
        FACTS,
        (WebIdentityLink.TOKEN, Outcome.UNKNOWN, WorkloadCode.ISSUER_UNREAD),
    ),
    "an annotation that is no ARN": (
        workload(account("app")),
        FACTS,
        (WebIdentityLink.REQUEST, Outcome.DENY, StsCode.ROLE_ARN),
    ),
    "no provider": (
        workload(issuer="https://x.example"),
        FACTS,
        (WebIdentityLink.PROVIDER, Outcome.DENY, StsCode.PROVIDER_UNKNOWN),
    ),
    "providers that were not read": (
        workload(issuer="https://x.example"),
        replace(FACTS, unread_providers=HOME),
        (WebIdentityLink.PROVIDER, Outcome.UNKNOWN, WorkloadCode.PROVIDERS_UNREAD),
    ),
    "another audience": (
        workload(account(audience="vault")),
        FACTS,
        (WebIdentityLink.PROVIDER, Outcome.DENY, StsCode.AUDIENCE),
    ),
    "no audience": (
        workload(account(audience="")),
        FACTS,
        (WebIdentityLink.PROVIDER, Outcome.DENY, StsCode.AUDIENCE),
    ),
    "no such role": (
        workload(account(OTHER)),
        FACTS,
        (WebIdentityLink.TRUST, Outcome.DENY, StsCode.ROLE_UNKNOWN),
    ),
    "roles that were not read": (
        workload(account(OTHER)),
        replace(FACTS, unread_roles=HOME),
        (WebIdentityLink.TRUST, Outcome.UNKNOWN, WorkloadCode.ROLES_UNREAD),
    ),
    "another subject": (
        workload(),
        Facts(world(web_trust(StringEquals={f"{URL}:sub": "x"}))),
        (WebIdentityLink.TRUST, Outcome.NO_OPINION, StsCode.WEB_NOT_AUTHORIZED),
    ),
    "where the request comes from": (
        workload(),
        Facts(world(web_trust(StringEquals={"aws:SourceVpc": "vpc-1"}))),
        (WebIdentityLink.TRUST, Outcome.UNKNOWN, StsCode.WEB_NOT_AUTHORIZED),
    ),
    "a pod with an outdated role that leads nowhere": (
        workload(pod=carrying(OTHER)),
        FACTS,
        (WorkloadLink.INJECTION, Outcome.DENY, WorkloadCode.DIFFERS),
    ),
}


@pytest.mark.parametrize(("asked", "facts", "expected"), CASES.values(), ids=CASES)
def test_each_link_can_break(asked: Workload, facts: Facts, expected: tuple[str, Outcome, str]) -> None:
    assert failed(obtain(asked, facts, NOW)) == expected


def test_a_pod_with_an_outdated_role_that_works_works() -> None:
    found = obtain(workload(account(OTHER), pod=carrying()), FACTS, NOW)
    assert found.allowed
    assert found.chain.links[1].decision.decisive[0].code is WorkloadCode.DIFFERS


def test_a_pod_with_a_role_of_its_own_needs_no_annotation() -> None:
    found = obtain(workload(BARE, pod=carrying()), FACTS, NOW)
    assert (found.allowed, names(found)[0]) == (True, WorkloadLink.INJECTION)


def fixes(asked: Workload, facts: Facts = FACTS) -> list[tuple[str, str]]:
    found = repairs(obtain(asked, facts, NOW))
    return [(str(one.code), dict(one.facts).get("role", "")) for one in found]


def test_repairs() -> None:
    assert fixes(workload(BARE))[0][0] == WorkloadFix.ANNOTATE
    assert fixes(workload(GONE))[0][0] == WorkloadFix.CREATE_ACCOUNT
    assert fixes(workload(account(audience="vault")))[0][0] == WorkloadFix.CORRECT_AUDIENCE
    assert fixes(workload(account("app"))) == [(WorkloadFix.CORRECT_ANNOTATION, "ROLE_ARN")]
    without_path = f"arn:aws:iam::{HOME}:role/app"
    assert fixes(workload(account(without_path))) == [(WorkloadFix.CORRECT_ANNOTATION, ROLE)]
    assert fixes(workload(account(OTHER))) == [(WorkloadFix.CREATE_ROLE, OTHER)]
    there = f"arn:aws:iam::{AWAY}:role/app"
    assert fixes(workload(account(there)))[0] == (WorkloadFix.CORRECT_ANNOTATION, ROLE)
    assert fixes(workload(account(f"arn:aws:iam::{AWAY}:role/x")))[0][0] == StsFix.ADD_PROVIDER
    nameless = replace(workload(account(there)), cluster="cluster")
    assert fixes(nameless)[0][0] == StsFix.ADD_PROVIDER


def test_a_provider_without_audiences_takes_none() -> None:
    facts = world(TRUST)
    facts.accounts[HOME]["oidc_providers"][ISSUER]["client_ids"] = []
    assert fixes(workload(), Facts(facts))[0][0] == StsFix.ADD_AUDIENCE


def test_the_next_role() -> None:
    first = obtain(workload(), FACTS, NOW)
    second = assume_next(first, SPOKE, FACTS, NOW)
    assert second.allowed
    assert names(second)[-1] == WorkloadLink.NEXT_ROLE
    unknown = assume_next(first, f"arn:aws:iam::{AWAY}:role/x", FACTS, NOW)
    assert failed(unknown)[1:] == (Outcome.DENY, StsCode.ROLE_UNKNOWN)
    unread = assume_next(first, f"arn:aws:iam::{AWAY}:role/x", replace(FACTS, unread_roles=AWAY), NOW)
    assert failed(unread)[1:] == (Outcome.UNKNOWN, WorkloadCode.ROLES_UNREAD)
    ended = obtain(workload(BARE), FACTS, NOW)
    assert assume_next(ended, SPOKE, FACTS, NOW) is ended


def profile(text: str, name: str, asked: StoredPod | None = None) -> Credentials:
    way = way_of(name, read_profiles(text), Ref("configmap/billing/aws", "/data/config"), "aws")
    return obtain(workload(pod=asked or carrying(), profile=way), FACTS, NOW)


def config(file: str = FILE, source: str = "ci") -> str:
    return (
        f"[profile ci]\nrole_arn = {ROLE}\nweb_identity_token_file = {file}\n"
        f"[profile target]\nrole_arn = {SPOKE}\nsource_profile = {source}\nrole_session_name = xactarget\n"
        f"[profile plain]\nregion = x\n[profile own]\nrole_arn = {SPOKE}\nsource_profile = plain\n"
    )


def test_a_profile_leads_through_its_roles() -> None:
    found = profile(config(), "target")
    assert found.session is not None
    assert str(found.session.principal.arn) == f"arn:aws:sts::{AWAY}:assumed-role/spoke/xactarget"
    assert names(found)[2] == WorkloadLink.PROFILE
    assert names(found)[-1] == WorkloadLink.NEXT_ROLE
    to_come = profile(config(), "target", pod(uid="", mounted=False))
    assert to_come.allowed


def test_a_profile_without_a_token_file_begins_with_the_role_of_the_container() -> None:
    found = profile(config(), "own")
    assert found.session is not None
    assert found.session.principal.account == AWAY


PROFILES = {
    "the dot of the article": (config(f"{FILE}."), "target", WorkloadCode.PROFILE_DOT),
    "another file": (config("/token"), "target", WorkloadCode.PROFILE_FILE),
    "no such profile": (config(), "x", WorkloadCode.PROFILE_UNKNOWN),
    "no such source": (config(source="x"), "target", WorkloadCode.PROFILE_UNKNOWN),
    "a loop": (config(source="target"), "target", WorkloadCode.PROFILE_LOOP),
    "no role": (config(), "plain", WorkloadCode.PROFILE_UNKNOWN),
}


@pytest.mark.parametrize(("text", "name", "code"), PROFILES.values(), ids=PROFILES)
def test_a_profile_that_leads_nowhere(text: str, name: str, code: WorkloadCode) -> None:
    assert failed(profile(text, name)) == (WorkloadLink.PROFILE, Outcome.DENY, code)


def test_the_repair_of_a_profile_names_both_files() -> None:
    fix = repairs(profile(config(f"{FILE}."), "target"))[0]
    assert fix.code is WorkloadFix.CORRECT_PROFILE
    facts = dict(fix.facts)
    assert (facts["file"], facts["token"], facts["namespace"]) == (f"{FILE}.", FILE, "billing")


def test_the_repair_of_a_profile_names_the_token_for_aws() -> None:
    stored = carrying()
    api = replace(stored.tokens[0], volume="kube-api-access", audience="")
    mount = ("kube-api-access", "/var/run/secrets/kubernetes.io/serviceaccount")
    containers = tuple(replace(one, mounts=(mount, *one.mounts)) for one in stored.containers)
    both = replace(stored, containers=containers, tokens=(api, *stored.tokens))
    assert dict(repairs(profile(config(f"{FILE}."), "target", both))[0].facts)["token"] == FILE


def test_the_permission_comes_last() -> None:
    decision: Decision[None] = Decision(Outcome.NO_OPINION)
    chain = permitted(obtain(workload(), FACTS, NOW), Chain(AWS_CHAIN, (Link(AwsLink.PERMISSION, decision),)))
    assert chain.name == WORKLOAD_CHAIN
    assert chain.links[-1].name == AwsLink.PERMISSION


def test_a_role_that_was_made_again_is_told_in_the_next_role() -> None:
    facts = world(TRUST)
    facts.accounts[HOME]["roles"]["second"] = role(
        trusting({"AWS": ROLE}), trusted_ids={ROLE: "AROAOLD0000000000001"}
    )
    found = assume_next(obtain(workload(), Facts(facts), NOW), SECOND, Facts(facts), NOW)
    link = found.chain.failed
    assert link is not None
    assert Near.PRINCIPAL_RECREATED in [step.code for step in link.decision.nearest]
    assert PROVIDER


def test_a_role_whose_id_was_not_read_still_gives_a_session() -> None:
    found = obtain(workload(), Facts(world(TRUST, id="AROA")), NOW)
    assert found.session is not None
    assert found.session.principal.user_id == "AROA:session"
    assert isinstance(found.session, sts.Session)

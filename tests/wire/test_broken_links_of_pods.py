"""Every link between a pod and AWS broken in turn: what boto3 is told, which link `why` names, the repair.

Tokens are those that the lab's TokenRequest gives. Each answer is asked of the lab's facts and again of the
world file that the lab saves. A repair that is a command of the AWS CLI is carried out, and then it works.
"""

import shlex
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sekisho.cli.repair_command import command_of
from sekisho.decide.decision import chain_to_json
from sekisho.decide.values import Instant
from sekisho.review.source import Source, from_files, from_lab
from sekisho.review.workload_name import workload_named
from sekisho.review.workload_question import credentials_of
from sekisho.review.workloads import State, report_workloads
from sekisho.testing import RunningLab, running_lab
from sekisho.wire.aws_managed_policies import aws_policy_text
from support.boto_lab import (
    AWAY,
    HOME,
    Caller,
    delete_role,
    new_role,
    policy,
    profile,
    trust,
)
from support.service_accounts import NAMESPACE, KubeApi, parts

WEB = "sts:AssumeRoleWithWebIdentity"
NOT_AUTHORIZED = ("AccessDenied", 403, f"Not authorized to perform {WEB}")
ROLE_ARN = "eks.amazonaws.com/role-arn"
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    with running_lab(tmp_path_factory.mktemp("links")) as lab:
        found = KubeApi(lab)
        found.namespace()
        yield found


@pytest.fixture(scope="module")
def lab(api: KubeApi) -> RunningLab:
    return api.lab


@pytest.fixture(scope="module")
def home(lab: RunningLab) -> Caller:
    return profile(lab, "creator")


@pytest.fixture(scope="module")
def away(lab: RunningLab) -> Caller:
    return profile(lab, "target-env")


@pytest.fixture(scope="module")
def issuer(api: KubeApi) -> str:
    api.account("first")
    found: str = parts(api.token("first"))[1]["iss"]
    return found.removeprefix("https://")


@pytest.fixture(scope="module")
def provider(home: Caller, issuer: str) -> str:
    made = home.ask(
        "iam", "create_open_id_connect_provider", Url=f"https://{issuer}", ClientIDList=["sts.amazonaws.com"]
    )
    found: str = made["OpenIDConnectProviderArn"]
    return found


def fresh(name: str) -> str:
    return f"{name}-{next(_NUMBERS)}"


def trusting(provider: str, condition: Any) -> str:
    return policy(WEB, Principal={"Federated": provider}, Condition=condition)


def subject(name: str, namespace: str = NAMESPACE) -> str:
    return f"system:serviceaccount:{namespace}:{name}"


def equals(issuer: str, name: str) -> Any:
    return {"StringEquals": {f"{issuer}:sub": subject(name)}}


def annotated(api: KubeApi, name: str, role: str, **more: str) -> str:
    api.account(name, annotations={ROLE_ARN: role, **more})
    return name


def role_of(name: str, account: str = HOME) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def assume(api: KubeApi, role: str, token: str) -> Any:
    """Ask as an SDK in the pod does: with the projected token, and no signature."""
    nobody = Caller(api.lab, "AKIAIOSFODNN7EXAMPLE", "none")  # the operation is not signed
    parameters = {"RoleArn": role, "RoleSessionName": "app", "WebIdentityToken": token}
    return nobody.ask("sts", "assume_role_with_web_identity", **parameters)


def refused(api: KubeApi, role: str, token: str) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        assume(api, role, token)
    told: Any = caught.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Message"]


def sources(api: KubeApi) -> tuple[Source, Source]:
    """Return the lab's facts, and those of the world file that it saves."""
    saved: Any = api.lab.client.get("/world")
    live = from_lab(api.lab.client.get("/facts"), api.name)
    return live, from_files([("world.yaml", saved["text"])], api.name, None)


def whys(api: KubeApi, who: str, *then: str) -> Iterator[Any]:
    """Yield the chain as `sekisho why -o json` writes it, from the lab and from the file."""
    name = workload_named(who, NAMESPACE)
    assert name is not None
    for source in sources(api):
        found = credentials_of(name, source, aws_policy_text, Instant.from_epoch(2e9), then)
        yield chain_to_json(found.chain)


def broken(api: KubeApi, who: str, link: str, code: str, *then: str) -> Any:
    """Return the link that failed: in the lab and in the file the same, for the same reason."""
    for chain in whys(api, who, *then):
        failed = chain["links"][-1]
        codes = [step["code"] for part in ("decisive", "nearest") for step in failed[part]]
        assert (failed["link"], failed["outcome"] != "allow") == (link, True), failed
        assert code in codes
    return failed


def works(api: KubeApi, who: str, *then: str) -> None:
    for chain in whys(api, who, *then):
        assert chain["outcome"] == "allow", chain["links"][-1]


def repair_of(failed: Any) -> str:
    """Return the first repair as a command."""
    return command_of(failed["repairs"][0], "")


def carry_out(caller: Caller, command: str) -> None:
    """Do with boto3 what a command of the AWS CLI says."""
    program, service, operation, *words = shlex.split(command)
    assert program == "aws"
    options: dict[str, Any] = {
        _SPELLED.get(name, _camel(name)): value for name, value in zip(words[::2], words[1::2], strict=True)
    }
    if "ClientIDList" in options:
        options["ClientIDList"] = [options["ClientIDList"]]
    caller.ask(service, operation.replace("-", "_"), **options)


_SPELLED = {
    "--open-id-connect-provider-arn": "OpenIDConnectProviderArn",
    "--client-id": "ClientID",
    "--client-id-list": "ClientIDList",
}


def _camel(option: str) -> str:
    return "".join(part.capitalize() for part in option.removeprefix("--").split("-"))


def test_no_provider(api: KubeApi, home: Caller, issuer: str) -> None:
    """Runs before any test that makes the provider: the fixture is not asked for."""
    name = fresh("app")
    arn = f"arn:aws:iam::{HOME}:oidc-provider/{issuer}"
    role = new_role(home, name, trusting(arn, equals(issuer, name)))
    annotated(api, name, role)
    told = refused(api, role, api.web_token(name))
    text = f"No OpenIDConnect provider found in your account for https://{issuer}"
    assert told == ("InvalidIdentityToken", 400, text)
    failed = broken(api, f"{NAMESPACE}/{name}", "identity-provider", "sts.provider-unknown")
    assert repair_of(failed).startswith("aws iam create-open-id-connect-provider")
    carry_out(home, repair_of(failed))
    works(api, f"{NAMESPACE}/{name}")
    assume(api, role, api.web_token(name))
    home.ask("iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=arn)


def test_wrong_audience(api: KubeApi, home: Caller, issuer: str, provider: str) -> None:
    name = fresh("app")
    role = new_role(home, name, trusting(provider, equals(issuer, name)))
    annotated(api, name, role, **{"eks.amazonaws.com/audience": "vault"})
    told = refused(api, role, api.token(name, audiences=["vault"]))
    assert told == ("InvalidIdentityToken", 400, "Incorrect token audience")
    failed = broken(api, f"{NAMESPACE}/{name}", "identity-provider", "sts.audience-not-registered")
    facts = failed["decisive"][0]["facts"]
    assert (facts["audience"], facts["registered"]) == ("vault", "sts.amazonaws.com")
    annotation = f"kubectl annotate serviceaccount {name} -n {NAMESPACE} --overwrite"
    assert repair_of(failed) == f"{annotation} eks.amazonaws.com/audience=sts.amazonaws.com"
    carry_out(home, command_of(failed["repairs"][1], ""))
    works(api, f"{NAMESPACE}/{name}")
    assume(api, role, api.token(name, audiences=["vault"]))
    undo = "remove_client_id_from_open_id_connect_provider"
    home.ask("iam", undo, OpenIDConnectProviderArn=provider, ClientID="vault")


TRUSTS = {
    "wrong namespace": (
        lambda issuer, name: {"StringEquals": {f"{issuer}:sub": subject(name, "other")}},
        "sts.near.other-namespace",
    ),
    "another account": (
        lambda issuer, name: {"StringEquals": {f"{issuer}:sub": subject(f"{name}r")}},
        "sts.near.other-subject",
    ),
    "wildcard in StringEquals": (
        lambda issuer, _: {"StringEquals": {f"{issuer}:sub": subject("*")}},
        "sts.near.wildcard-in-equals",
    ),
    "scheme in the condition key": (
        lambda issuer, name: {"StringEquals": {f"https://{issuer}:sub": subject(name)}},
        "sts.near.scheme-in-key",
    ),
    "key of another issuer": (
        lambda issuer, name: {"StringEquals": {f"{issuer[:-4]}0000:sub": subject(name)}},
        "sts.near.key-of-other-issuer",
    ),
    "another audience asked for": (
        lambda issuer, name: {
            "StringEquals": {f"{issuer}:sub": subject(name), f"{issuer}:aud": "sts.amazonaws.co"}
        },
        "sts.near.other-audience",
    ),
}


@pytest.mark.parametrize(("condition", "code"), TRUSTS.values(), ids=TRUSTS)
def test_a_condition_of_the_trust_policy(
    condition: Any, code: str, api: KubeApi, home: Caller, issuer: str, provider: str
) -> None:
    name = fresh("app")
    role = new_role(home, name, trusting(provider, condition(issuer, name)))
    annotated(api, name, role)
    assert refused(api, role, api.web_token(name)) == NOT_AUTHORIZED
    failed = broken(api, f"{NAMESPACE}/{name}", "trust-policy", code)
    assert failed["nearest"][0]["code"] == code
    assert failed["nearest"][0]["at"]["pointer"].startswith("/trust/Statement")
    carry_out(home, repair_of(failed))
    works(api, f"{NAMESPACE}/{name}")
    assume(api, role, api.web_token(name))


PROVIDERS = {
    "the issuer in capitals": (lambda arn: arn.replace("oidc.eks", "OIDC.eks"), "sts.near.provider-case"),
    "a scheme in the provider": (
        lambda arn: arn.replace("oidc-provider/", "oidc-provider/https://"),
        "sts.near.scheme-in-provider",
    ),
    "the provider of another account": (
        lambda arn: arn.replace(HOME, AWAY),
        "sts.near.provider-of-other-account",
    ),
    "another provider": (lambda arn: f"{arn[:-4]}0000", "sts.near.other-provider"),
}


@pytest.mark.parametrize(("written", "code"), PROVIDERS.values(), ids=PROVIDERS)
def test_the_provider_that_the_trust_policy_names(
    written: Any, code: str, api: KubeApi, home: Caller, issuer: str, provider: str
) -> None:
    name = fresh("app")
    role = new_role(home, name, trusting(written(provider), equals(issuer, name)))
    annotated(api, name, role)
    assert refused(api, role, api.web_token(name)) == NOT_AUTHORIZED
    failed = broken(api, f"{NAMESPACE}/{name}", "trust-policy", code)
    carry_out(home, repair_of(failed))
    works(api, f"{NAMESPACE}/{name}")
    assume(api, role, api.web_token(name))


def test_role_in_the_wrong_account(
    api: KubeApi, home: Caller, away: Caller, issuer: str, provider: str
) -> None:
    name = fresh("app")
    mine = new_role(home, name, trusting(provider, equals(issuer, name)))
    there = new_role(away, name, trusting(provider.replace(HOME, AWAY), equals(issuer, name)))
    annotated(api, name, there)
    told = refused(api, there, api.web_token(name))
    text = f"No OpenIDConnect provider found in your account for https://{issuer}"
    assert told == ("InvalidIdentityToken", 400, text)
    failed = broken(api, f"{NAMESPACE}/{name}", "identity-provider", "sts.provider-unknown")
    assert failed["decisive"][0]["facts"]["account"] == AWAY
    assert repair_of(failed).endswith(f"--overwrite {ROLE_ARN}={mine}")
    assume(api, mine, api.web_token(name))


def test_a_role_that_does_not_exist(api: KubeApi, home: Caller, issuer: str, provider: str) -> None:
    name = fresh("app")
    annotated(api, name, role_of(name))
    assert refused(api, role_of(name), api.web_token(name)) == NOT_AUTHORIZED
    failed = broken(api, f"{NAMESPACE}/{name}", "trust-policy", "sts.role-unknown")
    carry_out(home, repair_of(failed))
    works(api, f"{NAMESPACE}/{name}")
    assume(api, role_of(name), api.web_token(name))
    assert provider.endswith(issuer)


def test_a_role_with_a_path_that_the_annotation_leaves_out(
    api: KubeApi, home: Caller, issuer: str, provider: str
) -> None:
    name = fresh("app")
    home.ask(
        "iam",
        "create_role",
        RoleName=name,
        Path="/team/",
        AssumeRolePolicyDocument=trusting(provider, equals(issuer, name)),
    )
    annotated(api, name, role_of(name))
    assert refused(api, role_of(name), api.web_token(name)) == NOT_AUTHORIZED
    failed = broken(api, f"{NAMESPACE}/{name}", "trust-policy", "sts.near.role")
    assert repair_of(failed).endswith(f"{ROLE_ARN}={role_of(f'team/{name}')}")
    assume(api, role_of(f"team/{name}"), api.web_token(name))


def chained(api: KubeApi, home: Caller, issuer: str, provider: str, *documents: str) -> tuple[str, str]:
    """Make an account with a role that works; return its name and the role's."""
    name = fresh("app")
    role = new_role(home, name, trusting(provider, equals(issuer, name)), *documents)
    annotated(api, name, role)
    return name, role


def onward(api: KubeApi, name: str, role: str, target: str, account: str = AWAY) -> tuple[str, int, str]:
    """Return how the session of a pod is refused the next role."""
    session = Caller(api.lab, "", "").with_credentials(assume(api, role, api.web_token(name)))
    told = session.refused("sts", "assume_role", RoleArn=role_of(target, account), RoleSessionName="next")
    return told.code, told.status, told.message


def test_missing_permission_for_the_chain(
    api: KubeApi, home: Caller, away: Caller, issuer: str, provider: str
) -> None:
    name, role = chained(api, home, issuer, provider)
    target = fresh("target")
    there = new_role(away, target, trust(role))
    sentence = (
        f"User: arn:aws:sts::{HOME}:assumed-role/{name}/app is not authorized to perform: sts:AssumeRole "
        f"on resource: {there}"
    )
    assert onward(api, name, role, target) == ("AccessDenied", 403, sentence)
    failed = broken(api, f"{NAMESPACE}/{name}", "next-role", "iam.no-statement-allows", there)
    carry_out(home, repair_of(failed))
    works(api, f"{NAMESPACE}/{name}", there)


def test_the_next_role_does_not_trust(
    api: KubeApi, home: Caller, away: Caller, issuer: str, provider: str
) -> None:
    name, role = chained(api, home, issuer, provider, policy("sts:AssumeRole", Resource="*"))
    target = fresh("target")
    there = new_role(away, target, trust(AWAY))
    assert onward(api, name, role, target)[:2] == ("AccessDenied", 403)
    failed = broken(api, f"{NAMESPACE}/{name}", "next-role", "iam.no-resource-policy-allows", there)
    carry_out(away, repair_of(failed))
    works(api, f"{NAMESPACE}/{name}", there)


def test_the_first_role_was_made_again(
    api: KubeApi, home: Caller, away: Caller, issuer: str, provider: str
) -> None:
    name, role = chained(api, home, issuer, provider, policy("sts:AssumeRole", Resource="*"))
    target = fresh("target")
    there = new_role(away, target, trust(role))
    works(api, f"{NAMESPACE}/{name}", there)
    delete_role(home, name)
    new_role(home, name, trusting(provider, equals(issuer, name)), policy("sts:AssumeRole", Resource="*"))
    assert onward(api, name, role, target)[:2] == ("AccessDenied", 403)
    failed = broken(api, f"{NAMESPACE}/{name}", "next-role", "iam.near.principal-recreated", there)
    carry_out(away, repair_of(failed))
    works(api, f"{NAMESPACE}/{name}", there)


def test_expired_token(api: KubeApi, home: Caller, issuer: str, provider: str) -> None:
    """Of a token in hand the lab's journal tells: the pod's next one will not be expired."""
    name, role = chained(api, home, issuer, provider)
    token = api.web_token(name, expirationSeconds=600)
    api.lab.client.post("/clock", {"seconds": 601})
    code, status, message = refused(api, role, token)
    assert (code, status) == ("ExpiredTokenException", 400)
    assert message.startswith("Token expired: current date/time ")
    assert api.why() == ["sts.token-expired"]
    assume(api, role, api.web_token(name))


def test_deleted_account(api: KubeApi, home: Caller, issuer: str, provider: str) -> None:
    """STS takes the token until it ends, but there is no next one: kube-apiserver says so."""
    name, role = chained(api, home, issuer, provider)
    api.pod(f"{name}-0", name)
    token = api.web_token(name)
    api.gone(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{name}")
    assume(api, role, token)
    status, document, _ = api.request(name, audiences=["sts.amazonaws.com"])
    assert (status, document["message"]) == (404, f'serviceaccounts "{name}" not found')
    failed = broken(api, f"pod/{name}-0", "service-account-role", "workload.no-account")
    assert repair_of(failed) == f"kubectl create serviceaccount {name} -n {NAMESPACE}"


def test_no_annotation(api: KubeApi) -> None:
    name = fresh("app")
    api.account(name)
    failed = broken(api, f"{NAMESPACE}/{name}", "service-account-role", "workload.not-annotated")
    assert repair_of(failed).endswith(f"{ROLE_ARN}=ROLE_ARN")


def test_the_webhook_missed_the_pod(api: KubeApi, home: Caller, issuer: str, provider: str) -> None:
    """The pod was there before the annotation: nothing of a role is in it, and it stays so."""
    name = fresh("app")
    api.account(name)
    api.pod(f"{name}-0", name)
    new_role(home, name, trusting(provider, equals(issuer, name)))
    annotate(api, name, role_of(name))
    failed = broken(api, f"pod/{name}-0", "injection", "workload.missed")
    assert failed["decisive"][0]["at"]["document"] == f"pod/{NAMESPACE}/{name}-0"
    get = f"kubectl get pod {name}-0 -n {NAMESPACE} -o yaml"
    assert repair_of(failed) == f"{get} | kubectl replace --force -f -"
    api.pod(f"{name}-1", name)
    works(api, f"pod/{name}-1")
    works(api, f"{NAMESPACE}/{name}")


def test_the_annotation_changed_since(api: KubeApi, home: Caller, issuer: str, provider: str) -> None:
    """The pod keeps the role that it was created with, whether that leads anywhere or not."""
    name = fresh("app")
    new_role(home, name, trusting(provider, equals(issuer, name)))
    annotated(api, name, role_of("gone"))
    api.pod(f"{name}-0", name)
    annotate(api, name, role_of(name))
    broken(api, f"pod/{name}-0", "injection", "workload.differs")
    api.pod(f"{name}-1", name)
    annotate(api, name, role_of("gone"))
    works(api, f"pod/{name}-1")


POD_IDENTITY = "pods.eks.amazonaws.com"
EKS_MAY_NOT = (
    *("AccessDeniedException", 400),
    "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
)


def associated(api: KubeApi, home: Caller, name: str, role: str, **more: str) -> None:
    """Make an account with an association and a pod; it is not annotated."""
    api.account(name)
    told = {"clusterName": api.name, "namespace": NAMESPACE, "serviceAccount": name, "roleArn": role}
    home.ask("eks", "create_pod_identity_association", **told, **more)
    api.pod(f"{name}-0", name)


def exchanged(api: KubeApi, home: Caller, name: str) -> tuple[Any, ...]:
    """Return how EKS Auth refuses the pod's token, as an SDK in it is told by the agent."""
    bound = {"apiVersion": "v1", "kind": "Pod", "name": f"{name}-0"}
    token = api.token(name, audiences=[POD_IDENTITY], boundObjectRef=bound)
    told = home.refused("eks-auth", "assume_role_for_pod_identity", clusterName=api.name, token=token)
    return told.code, told.status, told.message


BOTH = ("sts:AssumeRole", "sts:TagSession")


def test_missing_tag_session(api: KubeApi, home: Caller) -> None:
    """EKS tags each session, which the trust policy has to allow beside sts:AssumeRole.

    EKS takes no association with such a role: the policy is changed afterwards.
    """
    name = fresh("app")
    role = new_role(home, name, policy(*BOTH, Principal={"Service": POD_IDENTITY}))
    associated(api, home, name, role)
    untagged = policy("sts:AssumeRole", Principal={"Service": POD_IDENTITY})
    home.ask("iam", "update_assume_role_policy", RoleName=name, PolicyDocument=untagged)
    assert exchanged(api, home, name) == EKS_MAY_NOT
    failed = broken(api, f"pod/{name}-0", "role", "sts.not-authorized")
    facts = failed["decisive"][0]["facts"]
    assert (facts["action"], facts["role"]) == ("sts:TagSession", role)
    carry_out(home, repair_of(failed))
    works(api, f"pod/{name}-0")
    bound = {"apiVersion": "v1", "kind": "Pod", "name": f"{name}-0"}
    token = api.token(name, audiences=[POD_IDENTITY], boundObjectRef=bound)
    home.ask("eks-auth", "assume_role_for_pod_identity", clusterName=api.name, token=token)


def test_missing_tag_session_of_the_target_role(api: KubeApi, home: Caller, away: Caller) -> None:
    """The tags go along to the role of the other account, and have to be allowed there again."""
    name = fresh("app")
    role = new_role(
        home, name, policy(*BOTH, Principal={"Service": POD_IDENTITY}), policy(*BOTH, Resource="*")
    )
    there = new_role(away, name, policy("sts:AssumeRole", Principal={"AWS": role}))
    associated(api, home, name, role, targetRoleArn=there)
    assert exchanged(api, home, name) == EKS_MAY_NOT
    failed = broken(api, f"pod/{name}-0", "target-role", "iam.no-resource-policy-allows")
    assert failed["decisive"][0]["facts"]["action"] == "sts:TagSession"
    carry_out(away, repair_of(failed))
    works(api, f"pod/{name}-0")


def annotate(api: KubeApi, name: str, role: str) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{name}"
    status, document, _ = api.ask("GET", path)
    assert status == 200
    metadata = document["metadata"]
    body = {
        **document,
        "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), ROLE_ARN: role}},
    }
    status, document, _ = api.ask("PUT", path, body)
    assert status == 200, document


def test_the_report_of_all_accounts_agrees_with_every_single_answer(api: KubeApi) -> None:
    for source in sources(api):
        found = report_workloads(source, source.snapshot.clusters(), aws_policy_text, Instant.from_epoch(2e9))
        states = set()
        for one in found.accounts:
            name = workload_named(f"{one.namespace}/{one.name}", "")
            assert name is not None
            chain = credentials_of(name, source, aws_policy_text, Instant.from_epoch(2e9)).chain
            assert (one.state is State.WORKS) == (str(chain.outcome) == "allow"), one
            for pod in one.pods:
                name = workload_named(f"pod/{pod.name}", one.namespace)
                assert name is not None
                single = credentials_of(name, source, aws_policy_text, Instant.from_epoch(2e9)).chain
                assert pod.outcome is single.outcome, pod
            states.add(one.state)
        assert {State.WORKS, State.BROKEN, State.TRUSTED} <= states

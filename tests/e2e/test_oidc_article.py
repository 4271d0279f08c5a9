"""The steps of the article on OIDC logins with Cognito, in its order, with the real AWS CLI and kubectl.

The commands are the article's; what its console steps do is asked for with boto3.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from e2e.e2e_shell import ACCOUNT, REGION, Shell, shell_of
from sekisho.testing import running_lab
from support.boto_lab import profile
from support.user_pools import OAUTH, TEMPORARY, fetch, new_pool, part

USERNAME = "kase.teruyoshi@example.co.jp"
PASSWORD = "InitPassword!"
TOKEN_INFO = """\
tokenInfo=`aws cognito-idp --region ${REGION} admin-initiate-auth --auth-flow ADMIN_USER_PASSWORD_AUTH \
 --client-id ${CLIENT_ID} --user-pool-id ${USERPOOL_ID} \
 --auth-parameters USERNAME=${USERNAME},PASSWORD=${PASSWORD} \
 --query 'AuthenticationResult.{RefreshToken:RefreshToken, IdToken:IdToken}'`
refreshToken=`echo ${tokenInfo} | jq -r .RefreshToken`
idToken=`echo ${tokenInfo} | jq -r .IdToken`
echo $refreshToken
echo $idToken
"""
DECODED = """\
idTokenHeader=`echo $idToken | cut -f 1 -d. | base64 --decode`
idTokenPayload=`echo $idToken | cut -f 2 -d. | base64 --decode`
echo $idTokenHeader | jq -c
echo $idTokenPayload | jq -c
"""
CLUSTER = "poc-eks-cluster-dev"
BINDING = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: admin-role-binding
  namespace: default
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: Group
  name: "gid:admin"
"""
KUBECONFIG = f"""\
aws eks --region {REGION} update-kubeconfig --name {CLUSTER}
kubectl config get-contexts
"""
CREDENTIALS = """\
kubectl config set-credentials cognito-user --auth-provider=oidc \
 --auth-provider-arg=idp-issuer-url=${ISSUER_URL} --auth-provider-arg=client-id=${CLIENT_ID} \
 --auth-provider-arg=refresh-token=${refreshToken} --auth-provider-arg=id-token=${idToken}
"""
CONTEXT = f"""\
kubectl config set-context cognito-user-login \
 --cluster arn:aws:eks:{REGION}:${{ACCOUNT_ID}}:cluster/{CLUSTER} --user cognito-user
kubectl config use-context cognito-user-login
kubectl config get-contexts
"""
CONFIG_MAPS = "kubectl get configmap -n kube-system"
RAW = "kubectl get --raw /api/v1/namespaces/kube-system/configmaps"
"""The same without asking for the resources first, which kubectl does five times where it is refused."""
ARTICLE_CLAIMS = [
    *("sub", "cognito:groups", "email_verified", "iss", "cognito:username", "origin_jti", "aud", "event_id"),
    *("token_use", "auth_time", "name", "exp", "iat", "jti", "email"),
]


@dataclass(frozen=True)
class Article:
    """The shell in which the article's commands run, and what its console steps made."""

    shell: Shell
    pool: str
    client: str

    def script(self, text: str) -> list[str]:
        """Return the lines that a script of the article prints."""
        return self.shell.output("bash -c", text).splitlines()


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Article]:
    assert shutil.which("jq") is not None or pytest.skip("jq is not on this machine")
    folder = tmp_path_factory.mktemp("oidc")
    with running_lab(folder / "lab") as lab:
        shell = shell_of(lab, Path(folder), ("aws", "kubectl"))
        # What the article does in the console.
        policies = {"PasswordPolicy": {"MinimumLength": 8, "RequireSymbols": True}}
        made = new_pool(profile(lab, "default"), "poc", Policies=policies)
        made.ask("create_user_pool_domain", Domain="poc-login")
        scopes = ["email", "openid", "profile"]
        client = made.new_client("poc", **{**OAUTH, "AllowedOAuthScopes": scopes})["ClientId"]
        made.ask("create_group", GroupName="admin")
        made.new_user(USERNAME, None, name=USERNAME)
        made.ask("admin_add_user_to_group", Username=USERNAME, GroupName="admin")
        pool = made.id
        named = {
            "REGION": REGION,
            "USERPOOL_ID": pool,
            "CLIENT_ID": client,
            "USERNAME": USERNAME,
            "PASSWORD": PASSWORD,
            "ACCOUNT_ID": ACCOUNT,
            "ISSUER_URL": f"https://cognito-idp.{REGION}.amazonaws.com/{pool}",
            "KUBECONFIG": str(folder / "kubeconfig"),
        }
        yield Article(shell.using(**named), pool, client)


def test_before_the_initial_password_is_changed_there_is_a_challenge_and_no_token(article: Article) -> None:
    asked = article.shell.using(PASSWORD=TEMPORARY)
    assert asked.output("bash -c", TOKEN_INFO).split() == ["null", "null"]
    aws = f"aws cognito-idp --region {REGION}"
    article.shell.output(
        f"{aws} admin-set-user-password --user-pool-id {article.pool} --username {USERNAME} "
        f"--password {PASSWORD} --permanent"
    )


def test_the_commands_of_the_article_print_its_header_and_payload(article: Article) -> None:
    refresh, token, header, payload = article.script(TOKEN_INFO + DECODED)
    assert refresh not in ("", "null")
    assert list(json.loads(header)) == ["kid", "alg"]
    assert json.loads(header)["alg"] == "RS256"
    claims: dict[str, Any] = json.loads(payload)
    assert list(claims) == ARTICLE_CLAIMS
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{article.pool}"
    assert (claims["iss"], claims["aud"]) == (issuer, article.client)
    assert (claims["cognito:groups"], claims["email"], claims["name"]) == (["admin"], USERNAME, USERNAME)
    assert (claims["email_verified"], claims["token_use"]) == (True, "id")
    assert (claims["sub"], claims["exp"]) == (claims["cognito:username"], claims["iat"] + 3600)
    lab = article.shell.lab
    discovery = fetch(lab, f"{issuer}/.well-known/openid-configuration").json
    assert discovery["issuer"] == issuer
    keys = KeySet.import_key_set(fetch(lab, discovery["jwks_uri"]).json)
    verified = jwt.decode(token, keys, algorithms=["RS256"])
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer}, aud={"essential": True, "value": article.client}
    ).validate(verified.claims)


def test_the_cli_refreshes_without_credentials(article: Article) -> None:
    refresh = article.script(TOKEN_INFO)[0]
    anybody = article.shell.using(AWS_PROFILE="nobody", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    command = f"aws cognito-idp --region {REGION} initiate-auth --auth-flow REFRESH_TOKEN_AUTH --client-id"
    parameters = ("--auth-parameters", f"REFRESH_TOKEN={refresh}", "--no-sign-request")
    done = anybody.using(AWS_PROFILE="default")(command, article.client, *parameters)
    assert done.returncode == 0, done
    assert set(json.loads(done.stdout)["AuthenticationResult"]) == {
        "AccessToken",
        "ExpiresIn",
        "IdToken",
        "TokenType",
    }


def test_a_wrong_password_is_refused_and_explained(article: Article) -> None:
    done = article.shell.using(PASSWORD="Wrong-Passw0rd")(
        f"aws cognito-idp --region {REGION} admin-initiate-auth --auth-flow ADMIN_USER_PASSWORD_AUTH "
        f"--client-id {article.client} --user-pool-id {article.pool} --auth-parameters",
        f"USERNAME={USERNAME},PASSWORD=Wrong-Passw0rd",
    )
    assert done.returncode != 0
    assert "(NotAuthorizedException)" in done.stderr
    assert "Incorrect username or password." in done.stderr
    told = article.shell("sekisho why --last")
    assert "the password is wrong" in told.stdout
    assert "Wrong-Passw0rd" not in told.stdout


def test_the_cluster_takes_the_token_as_the_article_shows(article: Article) -> None:
    shell = article.shell
    shell.output(
        f"aws eks create-cluster --name {CLUSTER} --resources-vpc-config subnetIds=subnet-1,subnet-2 "
        f"--role-arn arn:aws:iam::{ACCOUNT}:role/eks-clu-cluster-role"
    )
    shell.output(
        f"sekisho map create --cluster {CLUSTER} --arn arn:aws:iam::{ACCOUNT}:role/nodes "
        "--group system:nodes --username system:node:{{EC2PrivateDNSName}}"
    )  # what making the nodes in the console does
    asked = {
        "identityProviderConfigName": "cognito",
        "issuerUrl": f"https://cognito-idp.{REGION}.amazonaws.com/{article.pool}",
        "clientId": article.client,
        "usernameClaim": "email",
        "groupsClaim": "cognito:groups",
        "groupsPrefix": "gid:",
    }
    update = shell.document(
        f"aws eks associate-identity-provider-config --cluster-name {CLUSTER} --oidc", json.dumps(asked)
    )["update"]
    assert update["status"] == "InProgress"
    done = shell.document(f"aws eks describe-update --name {CLUSTER} --update-id {update['id']}")
    assert done["update"]["status"] == "Successful"
    arn = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
    assert article.script(KUBECONFIG)[0].startswith(f"Added new context {arn} to ")
    applied = shell.output("kubectl apply -f -", stdin=BINDING)
    assert applied == "clusterrolebinding.rbac.authorization.k8s.io/admin-role-binding created\n"
    printed = article.script(TOKEN_INFO + CREDENTIALS + CONTEXT + CONFIG_MAPS)[2:]
    assert printed[:3] == [
        'User "cognito-user" set.',
        'Context "cognito-user-login" created.',
        'Switched to context "cognito-user-login".',
    ]
    contexts = [line.split() for line in printed[3:6]]
    assert contexts[0] == ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]
    assert sorted(contexts[1:]) == sorted([["*", "cognito-user-login", arn, "cognito-user"], [arn, arn, arn]])
    table = [line.split() for line in printed[6:]]
    assert table[0] == ["NAME", "DATA", "AGE"]
    assert ["aws-auth", "1"] in [row[:2] for row in table]
    seen = shell.document("kubectl auth whoami -o json")["status"]["userInfo"]
    assert (seen["username"], seen["groups"]) == (USERNAME, ["gid:admin", "system:authenticated"])


def test_kubectl_renews_an_expired_token_by_its_refresh_token(article: Article) -> None:
    shell = article.shell
    # kubectl compares `exp` with the time of day, which no lab moves: the sign-in is two hours ago instead.
    shell.output("sekisho clock -- -2h")
    old = article.script(TOKEN_INFO + CREDENTIALS)[1]
    shell.output("sekisho clock reset")
    assert "aws-auth" in shell.output(CONFIG_MAPS)
    users = shell.document("kubectl config view --raw -o json")["users"]
    (provider,) = [one["user"]["auth-provider"] for one in users if one["name"] == "cognito-user"]
    assert provider["name"] == "oidc"
    assert provider["config"]["id-token"] != old
    assert part(provider["config"]["id-token"], 1)["email"] == USERNAME


def test_a_token_that_only_the_cluster_finds_expired_is_refused_and_explained(article: Article) -> None:
    shell = article.shell
    article.script(TOKEN_INFO + CREDENTIALS)
    assert "aws-auth" in shell.output(CONFIG_MAPS)
    shell.output("sekisho clock +2h")
    done = shell(RAW)
    told = shell("sekisho why --last").stdout
    shell.output("sekisho clock reset")
    assert done.returncode == 1
    assert "You must be logged in to the server" in done.stderr
    assert "the token expired at " in told
    assert "oidc.expired" in told
    assert f"get a new token from https://cognito-idp.{REGION}.amazonaws.com/{article.pool}" in told


def test_every_cluster_says_what_it_makes_of_a_token(article: Article) -> None:
    token = article.script(TOKEN_INFO)[1]
    for cluster, outcome in ((CLUSTER, 0), ("eks-clu", 1)):
        done = article.shell(f"sekisho why --token - --cluster {cluster}", stdin=token)
        assert done.returncode == outcome, done
        assert token not in done.stdout + done.stderr
    done = article.shell("sekisho why --token -", stdin=token)
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if line.endswith(("eks-clu", CLUSTER))] == [
        "no: a token for eks-clu",
        f"yes: a token for {CLUSTER}",
    ]
    rows = [line.split() for line in done.stdout.splitlines()]
    told = {row[1]: row[0] for row in rows if row and row[0] in ("used", "checked", "ignored")}
    assert told["aud"] == told["exp"] == told["iss"] == "checked"
    assert told["email"] == told["cognito:groups"] == "used"
    assert told["auth_time"] == told["cognito:username"] == "ignored"
    assert f"user {USERNAME}, groups gid:admin, system:authenticated" in done.stdout
    both = json.loads(article.shell("sekisho why --token - -o json", stdin=token).stdout)["clusters"]
    assert [(one["cluster"], one["outcome"]) for one in both] == [
        ("eks-clu", "no-opinion"),
        (CLUSTER, "allow"),
    ]


def test_an_issuer_with_the_slash_that_the_article_prints_admits_nobody(article: Article) -> None:
    shell, issuer = article.shell, f"https://cognito-idp.{REGION}.amazonaws.com/{article.pool}"
    eks = f"aws eks %s-identity-provider-config --cluster-name {CLUSTER}"
    shell.output(eks % "disassociate", "--identity-provider-config", "type=oidc,name=cognito")
    asked = {"identityProviderConfigName": "slash", "issuerUrl": f"{issuer}/", "clientId": article.client}
    shell.output(eks % "associate", "--oidc", json.dumps(asked))
    article.script(TOKEN_INFO + CREDENTIALS)
    assert shell(RAW).returncode == 1
    told = shell("sekisho why --last").stdout
    assert "they differ in the slash at the end" in told
    assert f"disassociate `slash` and associate it again, with issuerUrl `{issuer}`" in told

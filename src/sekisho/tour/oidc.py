"""The tour ``oidc``: people of a user pool enter a cluster with id tokens, as the article on Cognito has it.

What the article does in the console is done with the AWS CLI; everything made here is taken back at the end.
"""

import json
import shlex

from sekisho.tour.access import Cluster
from sekisho.tour.step import Expectation, Learned, TourStep

NAME = "tour-cognito"
PERSON = "mira@example.com"
_BINDING = "admin-role-binding"

BINDING = f"""\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {_BINDING}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: Group
  name: "gid:admin"
"""

OIDC_MANIFESTS = {"ClusterRoleBinding.yml": BINDING}
"""Files that the steps apply, by name."""


def oidc_steps(cluster: Cluster) -> tuple[TourStep, ...]:
    """Return the steps, in order."""
    return (*_pool(), *_provider(cluster), *_login(cluster), *_tidy(cluster))


def _pool() -> tuple[TourStep, ...]:
    idp = "aws cognito-idp"
    person = f"--user-pool-id {{pool}} --username {PERSON}"
    return (
        TourStep(
            1,
            "Make a user pool",
            "People sign in by e-mail and do not register themselves. The pool is an OpenID Connect issuer.",
            f"{idp} create-user-pool --pool-name {NAME} --username-attributes email "
            "--admin-create-user-config AllowAdminCreateUserOnly=true",
            Expectation(0, r'"Id": "', "the issuer is https://cognito-idp.REGION.amazonaws.com/ID"),
            ("aws",),
            learns=(Learned("pool", ("UserPool", "Id"), is_secret=False),),
        ),
        TourStep(
            2,
            "Make an app client",
            "Public: kubectl has no secret to show. The cluster compares its id with the claim `aud`.",
            f"{idp} create-user-pool-client --user-pool-id {{pool}} --client-name kubectl "
            "--explicit-auth-flows ALLOW_REFRESH_TOKEN_AUTH ALLOW_ADMIN_USER_PASSWORD_AUTH",
            Expectation(0, r'"ClientId": "', "tokens for this client name it"),
            ("aws",),
            learns=(Learned("client", ("UserPoolClient", "ClientId"), is_secret=False),),
        ),
        TourStep(
            3,
            "Make a group and somebody in it",
            "The article's user gets a mail and changes the password in the browser; here it is set.",
            f"{idp} create-group --user-pool-id {{pool}} --group-name admin &&\n"
            f"  {idp} admin-create-user {person} &&\n"
            f"  {idp} admin-set-user-password {person} --password 'Right-Passw0rd' --permanent &&\n"
            f"  {idp} admin-add-user-to-group {person} --group-name admin",
            Expectation(0, r'"UserStatus"', "the user is there and in the group"),
            ("aws",),
        ),
    )


def _provider(cluster: Cluster) -> tuple[TourStep, ...]:
    name = shlex.quote(cluster.name)
    issuer = f"https://cognito-idp.{cluster.region}.amazonaws.com/{{pool}}"
    oidc = json.dumps(
        {
            "identityProviderConfigName": NAME,
            "issuerUrl": issuer,
            "clientId": "{client}",
            "usernameClaim": "email",
            "groupsClaim": "cognito:groups",
            "groupsPrefix": "gid:",
        }
    )
    return (
        TourStep(
            4,
            "Associate the pool with the cluster",
            "People into the cluster: not the IAM OIDC provider, which lets pods into AWS. EKS takes twenty "
            "minutes for it and knows no change: disassociate and associate again. The article prints the "
            "issuer with a slash at its end; tokens have none, and every character counts.",
            f"aws eks associate-identity-provider-config --cluster-name {name} --oidc '{oidc}'",
            Expectation(
                0, r'"type": "AssociateIdentityProviderConfig"', "the cluster takes the pool's tokens"
            ),
            ("aws",),
        ),
        TourStep(
            5,
            "Connect kubectl, still by IAM",
            "Both ways count side by side; that of IAM cannot be turned off.",
            f"aws eks update-kubeconfig --name {name}",
            Expectation(0, r"(Added new|Updated) context", "kubectl knows the cluster"),
            ("aws",),
        ),
        TourStep(
            6,
            "Tie the group to a role",
            "The name of the group is the prefix and the claim's value: gid:admin.",
            "kubectl apply -f ClusterRoleBinding.yml",
            Expectation(0, rf"{_BINDING} (created|configured|unchanged)", "gid:admin may do everything"),
            ("kubectl", "aws"),
        ),
    )


def _login(cluster: Cluster) -> tuple[TourStep, ...]:
    issuer = f"https://cognito-idp.{cluster.region}.amazonaws.com/{{pool}}"
    tokens = ("AuthenticationResult", "IdToken"), ("AuthenticationResult", "RefreshToken")
    return (
        TourStep(
            7,
            "Sign in",
            "The id token says who it is for an hour; the refresh token gets new ones.",
            "aws cognito-idp admin-initiate-auth --auth-flow ADMIN_USER_PASSWORD_AUTH --user-pool-id {pool} "
            f"--client-id {{client}} --auth-parameters USERNAME={PERSON},PASSWORD='Right-Passw0rd'",
            Expectation(0, r'"TokenType": "Bearer"', "the pool has signed an id token"),
            ("aws",),
            learns=(
                Learned("id_token", tokens[0], is_secret=True),
                Learned("refresh_token", tokens[1], is_secret=True),
                Learned("access_token", ("AuthenticationResult", "AccessToken"), is_secret=True),
            ),
        ),
        TourStep(
            8,
            "Give both to kubectl",
            "kubectl sends the id token, and renews it by the refresh token when its own clock finds it "
            "expired.",
            "kubectl config set-credentials cognito-user --auth-provider=oidc \\\n"
            f"  --auth-provider-arg=idp-issuer-url={issuer} --auth-provider-arg=client-id={{client}} \\\n"
            "  --auth-provider-arg=refresh-token={refresh_token} --auth-provider-arg=id-token={id_token}",
            Expectation(0, r'User "cognito-user" set', "the kubeconfig holds them"),
            ("kubectl",),
        ),
        TourStep(
            9,
            "Enter the cluster",
            "No IAM identity has a part in it: the API server verifies the token by the pool's public key.",
            "kubectl --user cognito-user get configmap -n kube-system",
            Expectation(0, r"^aws-auth\s+1\s", "id token -> user and group -> binding -> role"),
            ("kubectl",),
        ),
        TourStep(
            10,
            "Whom the cluster sees",
            "The user is the claim `email`, the groups are those of `cognito:groups` with their prefix.",
            "kubectl --user cognito-user auth whoami",
            Expectation(0, rf"{PERSON}[\s\S]*gid:admin", "the name and the groups that bindings can name"),
            ("kubectl",),
        ),
    )


def _tidy(cluster: Cluster) -> tuple[TourStep, ...]:
    name = shlex.quote(cluster.name)
    return (
        TourStep(
            11,
            "Tidy up",
            "Without its provider the cluster takes no token of the pool any more.",
            f"aws eks disassociate-identity-provider-config --cluster-name {name} "
            f"--identity-provider-config type=oidc,name={NAME}; "
            "aws cognito-idp delete-user-pool --user-pool-id {pool}",
            Expectation(0, "", "provider and pool are gone; the binding names nobody"),
            ("aws",),
            tidies=True,
        ),
    )

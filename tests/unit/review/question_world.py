"""Two accounts, a cluster, and everything by which somebody can begin a way to a secret."""

from functools import cache

from sekisho.review.source import Source, from_files

DEV, PROD, STRANGE = "111122223333", "444455556666", "999988887777"
ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/AAAA"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{PROD}:secret:db-1"
GET_SECRET = "secretsmanager:GetSecretValue"
READER = f"arn:aws:iam::{PROD}:role/reader"
HOP = f"arn:aws:iam::{DEV}:role/team/hop"
ANA, BEN, CAT = (f"arn:aws:iam::{DEV}:user/{name}" for name in ("ana", "ben", "cat"))

WORLD = f"""\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-central-1
accounts:
  - id: "{DEV}"
    name: dev
    users:
      - name: ana
        tags: {{team: shop}}
        inline:
          assume:
            Version: "2012-10-17"
            Statement: [{{Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::{PROD}:role/*"}}]
          own:
            Version: "2012-10-17"
            Statement:
              - {{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::logs/${{aws:username}}/*"}}
              - Effect: Allow
                Action: "s3:GetObject"
                Resource: "arn:aws:s3:::${{aws:PrincipalTag/team}}/*"
              - Effect: Allow
                Action: "s3:PutObject"
                Resource: "*"
                Condition: {{IpAddress: {{"aws:SourceIp": "203.0.113.0/24"}}}}
      - name: ben
      - name: cat
        inline:
          all:
            Version: "2012-10-17"
            Statement: [{{Effect: Allow, Action: "secretsmanager:*", Resource: "*"}}]
    roles:
      - name: hop
        path: /team/
        trust:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Principal: {{AWS: "{BEN}"}}
              Action: "sts:AssumeRole"
              Condition: {{Bool: {{"aws:MultiFactorAuthPresent": "true"}}}}
        inline:
          assume:
            Version: "2012-10-17"
            Statement: [{{Effect: Allow, Action: "sts:AssumeRole", Resource: "*"}}]
  - id: "{PROD}"
    name: prod
    roles:
      - name: reader
        trust:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Principal: {{AWS: "arn:aws:iam::{DEV}:root"}}
              Action: "sts:AssumeRole"
              Condition: {{StringEquals: {{"sts:ExternalId": "x7"}}}}
            - {{Effect: Allow, Principal: {{Service: "ec2.amazonaws.com"}}, Action: "sts:AssumeRole"}}
            - {{Effect: Allow, Principal: {{AWS: "{STRANGE}"}}, Action: "sts:AssumeRole"}}
            - Effect: Allow
              Principal: {{AWS: "arn:aws:iam::{STRANGE}:role/ci"}}
              Action: "sts:AssumeRole"
            - Effect: Allow
              Principal: {{Federated: "arn:aws:iam::{PROD}:oidc-provider/{ISSUER}"}}
              Action: "sts:AssumeRoleWithWebIdentity"
              Condition:
                StringEquals: {{"{ISSUER}:sub": "system:serviceaccount:shop:web"}}
        inline:
          get:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: "{GET_SECRET}"
                Resource: "arn:aws:secretsmanager:eu-central-1:{PROD}:secret:db-*"
clusters:
  - name: shop
    account: "{DEV}"
    creator: user/cat
    awsAuth:
      mapRoles:
        - {{rolearn: "arn:aws:iam::{DEV}:role/hop", username: "hop:{{{{SessionName}}}}", groups: [look]}}
        - rolearn: "arn:aws:iam::{PROD}:role/reader"
          username: "system:node:{{{{EC2PrivateDNSName}}}}"
          groups: ["system:nodes", "nodes-too"]
      mapUsers:
        - {{userarn: "{ANA}", username: ana, groups: [ops]}}
    manifests:
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {{name: read, namespace: shop}}
        rules: [{{apiGroups: [""], resources: [secrets], verbs: [get, list]}}]
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {{name: read, namespace: shop}}
        roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: read}}
        subjects:
          - {{kind: Group, name: ops, apiGroup: rbac.authorization.k8s.io}}
          - {{kind: Group, name: nodes-too, apiGroup: rbac.authorization.k8s.io}}
          - {{kind: User, name: "hop:zoe", apiGroup: rbac.authorization.k8s.io}}
          - {{kind: ServiceAccount, name: web, namespace: shop}}
"""


def changed(old: str, new: str) -> str:
    """Return the world with one passage replaced; the passage has to be there once."""
    assert WORLD.count(old) == 1, f"{old!r} stands {WORLD.count(old)} times in the world"
    return WORLD.replace(old, new)


@cache
def source(text: str = WORLD) -> Source:
    """Return the facts of a world."""
    return from_files([("world.yaml", text)], None, None)


def no_aws_policy(_arn: str) -> None:
    """Stand for an empty catalogue of AWS's managed policies."""

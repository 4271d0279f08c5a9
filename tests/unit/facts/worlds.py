"""World files in few words: a small whole one, and the same with one passage changed."""

WORLD = """\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: ap-northeast-1
accounts:
  - id: "111122223333"
    name: dev
    policies:
      - name: reader
        document:
          Version: "2012-10-17"
          Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
    groups:
      - name: staff
        policies: [reader]
    users:
      - name: eks-admin
        policies: ["arn:aws:iam::aws:policy/AdministratorAccess", reader]
        accessKeys:
          - profile: default
      - name: eks-ope
        path: /team/
        groups: [staff]
        tags: {team: blue}
        inline:
          clusters: |
            {
              "Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Action": "eks:*", "Resource": "*"}]
            }
    roles:
      - name: app
        description: what the app may do
        maxSessionDuration: 7200
        trust:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Principal: {AWS: "arn:aws:iam::111122223333:user/eks-admin"}
              Action: sts:AssumeRole
  - id: "444455556666"
clusters:
  - name: eks-clu
    account: dev
    creator: user/eks-admin
    awsAuth:
      mapRoles:
        - rolearn: arn:aws:iam::111122223333:role/app
          username: app
          groups: [readers]
      mapUsers:
        - userarn: arn:aws:iam::111122223333:user/team/eks-ope
          username: eks-ope
          groups: [operators]
      mapAccounts: ["444455556666"]
    nodes:
      - name: ip-10-0-0-7.ap-northeast-1.compute.internal
      - name: worker-2
        address: 10.0.0.8
        version: v1.33.1-eks-1
        ready: false
        labels: {zone: a}
    manifests:
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: readers, namespace: shop}
        rules:
          - apiGroups: [""]
            resources: [pods]
            verbs: [get]
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: readers, namespace: shop}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: readers}
        subjects: [{kind: Group, name: readers, apiGroup: rbac.authorization.k8s.io}]
"""


def changed(old: str, new: str) -> str:
    """Return the world with one passage replaced; the passage has to be there once."""
    assert WORLD.count(old) == 1, f"{old!r} stands {WORLD.count(old)} times in the world"
    return WORLD.replace(old, new)

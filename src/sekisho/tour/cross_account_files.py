"""The files of the article on another account's cluster, as it prints them, with its placeholders.

Left out is the installation of the AWS CLI and kubectl in the pod: pods of the lab have both and no internet.
``AWS_CONFIG_FILE`` stands for the copy to ``~/.aws`` that the same script makes.
"""

TRUST = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "arn:aws:iam::CI_ACCOUNT_ID:oidc-provider/OIDC_PROVIDER"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "StringEquals": {
          "OIDC_PROVIDER:sub": "system:serviceaccount:ci-namespace:ci-serviceaccount"
        }
      }
    }
  ]
}
"""

ASSUME = """\
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::TARGET_ACCOUNT_ID:role/target-account-iam-role"
        }
    ]
}
"""

ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ci-serviceaccount

  namespace: ci-namespace
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::CI_ACCOUNT_ID:role/ci-account-iam-role
"""

TARGET_TRUST = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::CI_ACCOUNT_ID:role/ci-account-iam-role"
      },
      "Action": "sts:AssumeRole",
      "Condition": {}
    }
  ]
}
"""

TARGET_POLICY = """\
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "VisualEditor0",
            "Effect": "Allow",
            "Action": [
                "s3:ListAllMyBuckets",
                "eks:DescribeCluster",
                "eks:ListClusters"
            ],
            "Resource": "*"
        }
    ]
}
"""

PROFILES = """\
[profile ci-env]
role_arn = arn:aws:iam::CI_ACCOUNT_ID:role/ci-account-iam-role
web_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token.

[profile target-env]
role_arn = arn:aws:iam::TARGET_ACCOUNT_ID:role/target-account-iam-role
source_profile = ci-env
role_session_name = xactarget
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  creationTimestamp: null
  labels:
    app: test-deployment
  name: test-deployment
  namespace: ci-namespace
spec:
  replicas: 1
  selector:
    matchLabels:
      app: test-pod
  template:
    metadata:
      creationTimestamp: null
      labels:
        app: test-pod
    spec:
      containers:
      - image: ubuntu
        name: ubuntu
        command: ["sleep","10000"]
        env:
        - name: AWS_CONFIG_FILE
          value: /aws_config/config
        volumeMounts:
        - name: test-volume
          mountPath: /aws_config
      volumes:
      - name: test-volume
        configMap:
          name: awsconfig-configmap
      serviceAccountName: ci-serviceaccount
"""

AWS_AUTH = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
data:
  mapRoles: |
    - groups:
      - system:masters
      rolearn: arn:aws:iam::TARGET_ACCOUNT_ID:role/target-account-iam-role
      username: test-user
"""

CLUSTER_TRUST = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
  ]
}
"""

CROSS_ACCOUNT_FILES = {
    "trust.json": TRUST,
    "assume.json": ASSUME,
    "ci-serviceaccount.yaml": ACCOUNT,
    "target-trust.json": TARGET_TRUST,
    "target-policy.json": TARGET_POLICY,
    "awsconfig-configmap.yaml": PROFILES,
    "test-deployment.yaml": DEPLOYMENT,
    "aws-auth.yaml": AWS_AUTH,
    "cluster-trust.json": CLUSTER_TRUST,
}
"""The files by name, as they lie in the folder in which the commands run."""

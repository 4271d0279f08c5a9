"""Steps that both tours of pods take: the issuer of a cluster, IAM's provider for it, what a pod printed."""

import shlex
from dataclasses import replace

from sekisho.tour.access import Cluster
from sekisho.tour.step import Expectation, Learned, TourStep


def provider_steps(first: int, cluster: Cluster) -> tuple[TourStep, TourStep]:
    """Return the steps that learn the cluster's ``{issuer}`` and make IAM trust its signatures."""
    name = shlex.quote(cluster.name)
    associate = TourStep(
        first + 1,
        "Tell IAM about the issuer",
        "An OIDC provider in IAM: from here on STS takes tokens that this cluster signed for the audience "
        "sts.amazonaws.com. Alone it gives nobody anything.",
        f"eksctl utils associate-iam-oidc-provider --cluster {name} --region={cluster.region} --approve",
        Expectation(0, "created IAM Open ID Connect provider", "the account knows the cluster's issuer"),
        ("eksctl", "aws"),
    )
    return (
        TourStep(
            first,
            "Who signs the cluster's tokens",
            "Every cluster has an issuer of its own, and its public keys are for all to read.",
            f"aws eks describe-cluster --name {name} --query cluster.identity.oidc",
            Expectation(0, '"issuer": "https://', "the issuer's URL, which IAM names without https://"),
            ("aws",),
            learns=(Learned("issuer", ("issuer",), is_secret=False),),
        ),
        replace(
            associate,
            instead=replace(
                associate,
                command="aws iam create-open-id-connect-provider --url {issuer} "
                "--client-id-list sts.amazonaws.com",
                expected=replace(associate.expected, text='"OpenIDConnectProviderArn"'),
                needs=("aws",),
            ),
        ),
    )

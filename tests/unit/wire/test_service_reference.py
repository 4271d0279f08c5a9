"""The service reference as a value."""

from sekisho.wire.service_reference import load_service_reference


def test_actions_resource_types_and_patterns() -> None:
    reference = load_service_reference(["eks", "iam", "no-such-service"])
    describe = reference.action("EKS:describecluster")
    assert describe is not None
    assert (describe.name, describe.resource_types) == ("eks:DescribeCluster", ("cluster",))
    assert reference.arn_patterns["eks:cluster"].endswith(":cluster/${ClusterName}")
    assert reference.action("no-such-service:X") is None
    assert reference.action("s3:GetObject") is None


def test_actions_without_resource_types() -> None:
    reference = load_service_reference(["s3"])
    buckets = reference.action("s3:ListAllMyBuckets")
    assert buckets is not None
    assert buckets.resource_types == ()


def test_required_types_come_first() -> None:
    reference = load_service_reference(["eks"])
    update = reference.action("eks:DescribeUpdate")
    assert update is not None
    assert update.resource_types[0] == "cluster"
    assert "addon" in update.resource_types


def test_condition_keys_of_action_and_resource() -> None:
    reference = load_service_reference(["iam"])
    attach = reference.action("iam:AttachUserPolicy")
    assert attach is not None
    assert "iam:policyarn" in attach.condition_keys
    entry = load_service_reference(["eks"]).action("eks:DescribeAccessEntry")
    assert entry is not None
    assert "eks:kubernetesgroups" in entry.resource_keys

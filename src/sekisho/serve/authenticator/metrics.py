"""What the authenticator counts.

The first part has the names and labels of aws-iam-authenticator (``pkg/metrics``), so that dashboards
keep working; ``uknown_user`` is spelled as it spells it. The second part is our own.
"""

from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

_PEER = "aws_iam_authenticator"
_OWN = "sekisho_authenticator"

# Half of the series would be moments of birth.
disable_created_metrics()  # type: ignore[no-untyped-call]

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Result(StrEnum):
    """Results of ``authenticate_latency_seconds``."""

    MALFORMED = "malformed_request"
    INVALID = "invalid_token"
    STS_ERROR = "sts_error"
    STS_THROTTLING = "sts_throttling"
    UNKNOWN_USER = "uknown_user"
    ISSUER_ERROR = "issuer_error"
    """The keys of an OIDC issuer could not be had: only here, the peer has no such issuers."""
    SUCCESS = "success"


class Cached(StrEnum):
    """How an answer of STS came to a request."""

    HIT = "hit"
    MISS = "miss"
    SHARED = "shared"
    """Another request with the same token was waiting for it already."""


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.latency = Histogram(
            f"{_PEER}_authenticate_latency_seconds",
            "Time to answer a TokenReview, by result",
            ["result"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.sts_failures = Counter(
            f"{_PEER}_sts_connection_failures_total", "STS gave no answer", ["StsRegion"], registry=registry
        )
        self.sts_throttled = Counter(
            f"{_PEER}_sts_throttling_total", "STS said to ask later", ["StsRegion"], registry=registry
        )
        self.sts_responses = Counter(
            f"{_PEER}_sts_responses_total",
            "Answers of STS by status",
            ["ResponseCode", "StsRegion"],
            registry=registry,
        )
        self.watch_failures = Counter(
            f"{_PEER}_configmap_watch_failures_total", "Watches of aws-auth that failed", registry=registry
        )
        self.dynamic_failures = Counter(
            f"{_PEER}_dynamicfile_failures_total", "Dynamic files that could not be used", registry=registry
        )
        self.describe_instances = Counter(
            f"{_PEER}_ec2_describe_instances_calls_total", "Calls of DescribeInstances", registry=registry
        )
        self.dynamic_latency = Histogram(
            f"{_PEER}_dynamic_e2e_latency_seconds",
            "From LastUpdatedDateTime of a dynamic file to its use",
            ["type"],
            registry=registry,
        )
        self.dynamic_enabled = Gauge(
            f"{_PEER}_dynamic_file_enabled", "1 while DynamicFile is a source", registry=registry
        )
        self.dynamic_only = Gauge(
            f"{_PEER}_dynamic_file_only", "1 while DynamicFile is the only source", registry=registry
        )
        self.answers = Counter(
            f"{_OWN}_sts_answers_total", "Where answers of STS came from", ["cached"], registry=registry
        )
        self.id_tokens = Counter(
            f"{_OWN}_id_tokens_total", "Id tokens by outcome", ["outcome"], registry=registry
        )
        self.refusals = Counter(f"{_OWN}_refusals_total", "Refusals by reason", ["code"], registry=registry)
        self.mappings = Gauge(f"{_OWN}_mappings", "Mappings in use, by source", ["source"], registry=registry)
        self.synced = Gauge(
            f"{_OWN}_source_synced", "1 once a source was read", ["source"], registry=registry
        )
        self.stale = Gauge(
            f"{_OWN}_source_degraded",
            "1 while a source cannot be read and stands as it was",
            ["source"],
            registry=registry,
        )

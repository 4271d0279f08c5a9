"""What the webhook counts.

The first part has the names and labels of amazon-eks-pod-identity-webhook, so that dashboards keep
working. Its counters lack the ending ``_total`` that the library here insists on, so they are gauges
that only grow. The second part is our own.
"""

from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    Summary,
)

_OWN = "sekisho_pod_identity_webhook"
MICROSECONDS = (125e3, 250e3, 500e3, 1e6, 2e6, 4e6, 8e6)
SECONDS = (0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Lookup(StrEnum):
    """What came of asking the cluster for an account that the cache does not have."""

    FOUND = "found"
    ABSENT = "absent"
    FAILED = "failed"
    REFUSED = "too-many"


class Metrics:
    """The counters of one webhook."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Gauge(
            "http_request_count",
            "Requests by verb, path and code",
            ["verb", "path", "code"],
            registry=registry,
        )
        self.latencies = Histogram(
            "http_request_latencies",
            "Microseconds to answer",
            ["verb", "path"],
            buckets=MICROSECONDS,
            registry=registry,
        )
        self.durations = Summary(
            "http_request_duration_microseconds",
            "Microseconds to answer",
            ["verb", "path"],
            registry=registry,
        )
        self.used = Gauge(
            "pod_identity_webhook_used", "1 if an account has the annotation", registry=registry
        )
        self.pods = Gauge(
            "pod_identity_webhook_pod_count", "Pods that got credentials", ["method"], registry=registry
        )
        self.missing = Gauge(
            "pod_identity_webhook_missing_sa_count", "Pods whose account nobody knew", registry=registry
        )
        self.reviews = Counter(f"{_OWN}_reviews_total", "Answers by reason", ["code"], registry=registry)
        self.seconds = Histogram(
            f"{_OWN}_review_seconds", "Seconds to answer", buckets=SECONDS, registry=registry
        )
        self.lookups = Counter(
            f"{_OWN}_account_lookups_total", "Accounts asked for", ["result"], registry=registry
        )
        self.accounts = Gauge(f"{_OWN}_accounts", "Accounts in the cache", registry=registry)
        self.mappings = Gauge(f"{_OWN}_mappings", "Entries by source", ["source"], registry=registry)
        self.failures = Counter(
            f"{_OWN}_watch_failures_total", "Watches that failed", ["source"], registry=registry
        )

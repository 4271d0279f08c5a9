"""What every checkpoint is to the server around it: paths, readiness, health, work in the background."""

from collections.abc import Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry

from sekisho.wire.http.message import Handler


class Checkpoint(Protocol):
    """One service that answers reviews of a kube-apiserver."""

    @property
    def name(self) -> str:
        """Its name, as in ``sekisho serve NAME``."""

    @property
    def paths(self) -> Mapping[str, Handler]:
        """Its paths, each with what answers there."""

    @property
    def registry(self) -> CollectorRegistry:
        """Its metrics."""

    def missing(self) -> tuple[str, ...]:
        """Return what it still waits for before it can answer; empty: ready."""

    def degraded(self) -> tuple[str, ...]:
        """Return what is wrong although it answers: content that could not be read and stands as it was."""

    def measure(self) -> None:
        """Set the metrics that describe a state; called before they are read."""

    async def run(self) -> None:
        """Follow its sources. Ends only by being cancelled, or by an error that ends the server."""

"""The Kubernetes versions EKS offers, and until when (EKS User Guide, "Kubernetes release calendar")."""

from dataclasses import dataclass

from sekisho.decide.values import Instant


@dataclass(frozen=True, slots=True)
class EksVersion:
    """One minor version: the patch its control planes run, and the three dates of its life."""

    name: str
    patch: str
    released: str
    standard_until: str
    extended_until: str

    def status(self, now: Instant) -> str:
        """Return ``STANDARD_SUPPORT``, ``EXTENDED_SUPPORT`` or ``UNSUPPORTED``, as of ``now``."""
        today = now.rfc3339()[:10]
        if today < self.standard_until:
            return "STANDARD_SUPPORT"
        return "EXTENDED_SUPPORT" if today < self.extended_until else "UNSUPPORTED"


DEFAULT_VERSION = "1.34"

VERSIONS = (
    EksVersion("1.35", "1.35.0", "2026-01-27", "2027-03-27", "2028-03-27"),
    EksVersion("1.34", "1.34.2", "2025-10-02", "2026-12-02", "2027-12-02"),
    EksVersion("1.33", "1.33.6", "2025-05-29", "2026-07-29", "2027-07-29"),
    EksVersion("1.32", "1.32.10", "2025-01-23", "2026-03-23", "2027-03-23"),
    EksVersion("1.31", "1.31.14", "2024-09-26", "2025-11-26", "2026-11-26"),
    EksVersion("1.30", "1.30.14", "2024-05-23", "2025-07-23", "2026-07-23"),
    EksVersion("1.29", "1.29.15", "2024-01-23", "2025-03-23", "2026-03-23"),
)


def version_named(name: str) -> EksVersion | None:
    """Return a version by its name, or None."""
    return next((version for version in VERSIONS if version.name == name), None)


def git_version(name: str) -> str:
    """Return what ``/version`` of a cluster says: ``v1.34.2-eks-...``; for older names patch 0."""
    known = version_named(name)
    return f"v{known.patch if known else f'{name}.0'}-eks-5e0fdde"


def minor_version(name: str) -> int:
    """Return 34 for ``1.34``; 0 for what is no version."""
    minor = name.partition(".")[2]
    return int(minor) if minor.isascii() and minor.isdecimal() else 0

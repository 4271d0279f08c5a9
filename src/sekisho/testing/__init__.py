"""A lab for tests: as a context manager here, as pytest fixtures in `sekisho.testing.plugin`."""

from sekisho.testing.lab import RunningLab, running_lab

__all__ = ["RunningLab", "running_lab"]

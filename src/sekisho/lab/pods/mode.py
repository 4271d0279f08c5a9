"""Whether a lab runs the pods of its clusters."""

from enum import Enum


class PodMode(Enum):
    """Pods run isolated, or not at all."""

    ON = "on"
    OFF = "off"

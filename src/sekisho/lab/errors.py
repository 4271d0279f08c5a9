"""What goes wrong around the lab: ports, folders, a second start."""


class LabError(Exception):
    """The lab cannot start or cannot be reached: one sentence, and what to do about it."""

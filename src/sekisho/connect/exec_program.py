"""Who makes the token when kubectl needs one."""

from enum import StrEnum


class ExecProgram(StrEnum):
    """The program kubectl is to run for a token."""

    AWS = "aws"
    SEKISHO = "sekisho"

"""What an endpoint accepts signatures for."""

from dataclasses import dataclass

from sekisho.decide.proof.canonical import S3_SERVICES


@dataclass(frozen=True, slots=True)
class Scope:
    """The service and regions an endpoint stands for, and the host names it answers to.

    The global ``sts.amazonaws.com`` takes ``us-east-1``. With ``hosts`` empty, whoever routed
    the request by its host header answers for the name; otherwise the signed host must be one
    of them, spelled in lower case, with the port if clients send one.
    """

    service: str
    regions: frozenset[str]
    hosts: frozenset[str] = frozenset()

    @property
    def is_s3(self) -> bool:
        """Whether S3's variant of the algorithm applies."""
        return self.service in S3_SERVICES

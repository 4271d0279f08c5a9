"""An EKS cluster, as far as a client must know it to connect."""

from dataclasses import dataclass

from sekisho.decide.values import Arn


@dataclass(frozen=True, slots=True)
class EksCluster:
    """A cluster that answers. ``outpost_id`` is set for local clusters on Outposts, which go by id."""

    arn: Arn
    name: str
    server: str
    certificate_authority: str
    outpost_id: str = ""

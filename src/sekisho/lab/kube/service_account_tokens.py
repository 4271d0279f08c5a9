"""Service account tokens as one cluster's API server takes them."""

from sekisho.decide.authn.service_account_token import Bearer, TokenIssuer, authenticate
from sekisho.decide.decision import Decision
from sekisho.facts import kube_key
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.world import Clock, World
from sekisho.wire.kube.members import text

API_AUDIENCES = ("https://kubernetes.default.svc",)
"""What EKS starts its API servers with (``--api-audiences``)."""


class ServiceAccountTokens:
    """Answers `sekisho.decide.authn.service_account_token.ServiceAccountFacts` from the live world."""

    def __init__(self, world: World, cluster: LiveCluster, keys: IssuerKeys, clock: Clock) -> None:
        self._world = world
        self._cluster = cluster
        self._keys = keys
        self._clock = clock

    @property
    def issuer(self) -> str:
        """The cluster's issuer URL."""
        return self._cluster.cluster.issuer

    def authenticate(self, token: str, audiences: tuple[str, ...] = ()) -> Decision[Bearer]:
        """Return whom ``token`` stands for now, to one of ``audiences`` (none: to the API server). Total."""
        issuer = TokenIssuer(self.issuer, API_AUDIENCES, self._keys.key_set(self.issuer))
        return authenticate(token, issuer, self, self._clock.now(), audiences)

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        """Return the uid of an object of the core group; None if there is none."""
        found = self._world.facts.kube(kube_key(str(self._cluster.cluster.arn), "", plural, namespace, name))
        return None if found is None else text(found, "metadata", "uid")

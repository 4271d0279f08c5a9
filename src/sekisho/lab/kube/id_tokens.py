"""Id tokens as one cluster's API server takes them: those of the identity providers associated with it."""

from sekisho.connect.id_tokens import IdTokens, is_never_asked
from sekisho.connect.issuer_keys import Fetch
from sekisho.decide.decision import Decision
from sekisho.decide.values import KubeUser
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.world import Clock
from sekisho.wire.aws.hosts import locate


class ClusterIdTokens:
    """Decides about id tokens by what is associated now; the keys of issuers that stay are kept."""

    def __init__(self, cluster: LiveCluster, clock: Clock, fetch: Fetch) -> None:
        """``fetch`` gives the documents of issuers, the lab's own and others'."""
        self._cluster = cluster
        self._clock = clock
        self._fetch = fetch
        self._tokens = IdTokens(cluster.issuers, _is_refused, fetch=fetch)

    async def decide(self, token: str, *, explain: bool = False) -> Decision[KubeUser]:
        """Return whom ``token`` stands for now. Never raises but for cancellation."""
        issuers = self._cluster.issuers
        if issuers is not self._tokens.configuration:
            self._tokens = IdTokens(issuers, _is_refused, before=self._tokens, fetch=self._fetch)
        return await self._tokens.decide(token, self._clock.now(), explain=explain)


def _is_refused(host: str) -> bool:
    # A name of AWS that is none of the lab's pages, or where a claim is said to lie: never asked.
    return is_never_asked(host) or locate(host) is not None

"""Whose keys decide about a web identity token: the lab's own issuers', or those of one out there.

The lab's own are its clusters and its user pools.
"""

from collections.abc import Awaitable, Callable

from sekisho.connect.issuer_keys import IssuerError, IssuerKeysClient
from sekisho.decide.sts import KeysAnswer, KeysFault, KeysQuestion
from sekisho.lab.idp.signing_keys import jwks_document as jwks_of_pool
from sekisho.lab.idp.user_pools import UserPools
from sekisho.lab.kube.issuer_documents import cluster_of
from sekisho.lab.kube.issuer_keys import IssuerKeys, jwks_document
from sekisho.lab.world import World

KeySource = Callable[[KeysQuestion], Awaitable[KeysAnswer | KeysFault]]


class WebKeys:
    """Answers what `sts.plan` asks.

    An issuer of the lab is answered in process. A name of AWS that is none is never asked: the client
    refuses it, as the lab's proxy would.
    """

    def __init__(self, world: World, keys: IssuerKeys, pools: UserPools, client: IssuerKeysClient) -> None:
        self._world = world
        self._keys = keys
        self._pools = pools
        self._client = client

    async def answer(self, question: KeysQuestion) -> KeysAnswer | KeysFault:
        """Return the keys of the token's issuer, or why there are none. Total."""
        cluster = cluster_of(question.issuer, self._world.facts.clusters())
        if cluster is not None:
            return KeysAnswer(jwks_document(self._keys.published(question.issuer)), str(cluster.arn))
        pool = self._pools.pool_of_issuer(question.issuer)
        if pool is not None:
            return KeysAnswer(jwks_of_pool(await self._pools.published_key(pool)))
        try:
            return KeysAnswer(await self._client.keys(question.issuer, question.token.key_id))
        except IssuerError as error:
            if not error.in_time:
                return KeysFault.TIMEOUT
            return KeysFault.DISCOVERY if error.is_document else KeysFault.UNREACHABLE

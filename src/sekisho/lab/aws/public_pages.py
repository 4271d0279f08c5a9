"""Pages under AWS's names that anyone may read: what issuers of tokens say of themselves."""

from sekisho.lab.idp.issuer_pages import pool_page
from sekisho.lab.idp.operations import SERVICE
from sekisho.lab.idp.user_pools import UserPools
from sekisho.lab.kube.issuer_documents import public_page
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.world import World
from sekisho.wire.aws.hosts import EndpointKind, locate
from sekisho.wire.http import Request, Response


class PublicPages:
    """The documents of the issuers of clusters and of user pools."""

    def __init__(self, world: World, keys: IssuerKeys, pools: UserPools) -> None:
        self._world = world
        self._keys = keys
        self._pools = pools

    async def page(self, request: Request) -> Response | None:
        """Return the page that ``request`` asks for; None where it is something else."""
        host = (request.header("host") or "").lower().removesuffix(":443")
        found = locate(host)
        if found is None or request.method not in ("GET", "HEAD"):
            return None
        place = f"https://{host}{request.path}"
        if found.kind is EndpointKind.ISSUER:
            return public_page(place, self._world.facts.clusters(), self._keys)
        if found.service == SERVICE:
            return await pool_page(place, self._pools, self._world.facts)
        return None

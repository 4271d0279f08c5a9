"""Pages under AWS's names that anyone may read: what issuers of tokens say of themselves."""

import ssl
from typing import Final
from urllib.parse import urlsplit

from sekisho.connect.https_document import DocumentError, HttpsDocument, IsRefused, fetch_document
from sekisho.lab.idp.issuer_pages import pool_page
from sekisho.lab.idp.operations import SERVICE
from sekisho.lab.idp.user_pools import UserPools
from sekisho.lab.kube.issuer_documents import public_page
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.world import World
from sekisho.wire.aws.hosts import EndpointKind, locate
from sekisho.wire.http import Request, Response

MAX_AGE_SECONDS: Final = 3_600
"""For how long an API server keeps keys that it had from the lab's own issuers."""


class PublicPages:
    """The documents of the issuers of clusters and of user pools."""

    def __init__(self, world: World, keys: IssuerKeys, pools: UserPools) -> None:
        self._world = world
        self._keys = keys
        self._pools = pools

    async def page(self, request: Request) -> Response | None:
        """Return the page that ``request`` asks for; None where it is something else."""
        host = (request.header("host") or "").lower().removesuffix(":443")
        return await self._at(host, request.path) if request.method in ("GET", "HEAD") else None

    async def fetch(self, url: str, trust: ssl.SSLContext, is_refused: IsRefused) -> HttpsDocument:
        """Return the document at ``url``: a page of the lab, in process, or one of another host.

        Raises:
            DocumentError: there is none, as `fetch_document` tells it.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if locate(host) is None:
            return await fetch_document(url, trust, is_refused)
        found = await self._at(host, parts.path) if parts.scheme == "https" and not parts.query else None
        if found is None:
            raise DocumentError("the lab has no such page under this name of AWS")
        return HttpsDocument(found.body, MAX_AGE_SECONDS)

    async def _at(self, host: str, path: str) -> Response | None:
        found = locate(host)
        if found is None:
            return None
        place = f"https://{host}{path}"
        if found.kind is EndpointKind.ISSUER:
            return public_page(place, self._world.facts.clusters(), self._keys)
        if found.service == SERVICE:
            return await pool_page(place, self._pools, self._world.facts)
        return None

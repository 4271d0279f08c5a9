"""What every namespace has while it is there: its default service account and the root certificate."""

from collections.abc import Iterable

from sekisho.decide.values import Instant, JsonObject
from sekisho.lab.kube.companions import ACCOUNT, ROOT_CERTIFICATE, default_account, root_certificate_map
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Item, Seen, served
from sekisho.lab.kube.controllers.ownership import is_marked
from sekisho.wire.kube.registry import CORE

NAMESPACES = served(CORE, "namespaces")
_ACCOUNTS = served(CORE, "serviceaccounts")
_MAPS = served(CORE, "configmaps")


class ServiceAccounts:
    """Makes the default service account of a namespace, again if somebody deletes it."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the namespace that is new or whose account is gone."""
        if seen.resource is NAMESPACES and seen.before is None:
            return (seen.item,)
        is_gone = seen.resource is _ACCOUNTS and seen.item.name == ACCOUNT and seen.after is None
        return (Item(NAMESPACES, "", seen.item.namespace),) if is_gone else ()

    async def sync(self, item: Item) -> Instant | None:
        """Make what is missing."""
        if _is_active(self._actor, item) and self._actor.find(_ACCOUNTS, item.name, ACCOUNT) is None:
            await self._actor.create(_ACCOUNTS, item.name, default_account(item.name))
        return None


class RootCertificates:
    """Keeps the ConfigMap with the certificate of the API server what it has to be."""

    def __init__(self, actor: Actor, certificate: str) -> None:
        self._actor = actor
        self._certificate = certificate

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the namespace that is new or whose ConfigMap changed."""
        if seen.resource is NAMESPACES and seen.before is None:
            return (seen.item,)
        is_own = seen.resource is _MAPS and seen.item.name == ROOT_CERTIFICATE
        return (Item(NAMESPACES, "", seen.item.namespace),) if is_own else ()

    async def sync(self, item: Item) -> Instant | None:
        """Make what is missing, mend what was changed."""
        if not _is_active(self._actor, item):
            return None
        wanted = root_certificate_map(item.name, self._certificate)
        found = self._actor.find(_MAPS, item.name, ROOT_CERTIFICATE)
        if found is None:
            await self._actor.create(_MAPS, item.name, wanted)
        elif found.get("data") != wanted["data"]:

            def mended(before: JsonObject) -> JsonObject:
                return {**before, "data": wanted["data"]}

            await self._actor.update(_MAPS, found, mended)
        return None


def _is_active(actor: Actor, item: Item) -> bool:
    namespace = actor.find(NAMESPACES, "", item.name)
    return namespace is not None and not is_marked(namespace)

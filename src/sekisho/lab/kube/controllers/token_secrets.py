"""Secrets of type ``kubernetes.io/service-account-token``: they get a token, and go with their account.

Source: Kubernetes, "Managing Service Accounts", section "Token controller"; kubernetes
``pkg/controller/serviceaccount/tokens_controller.go``, which acts as kube-controller-manager itself.
"""

import base64
from collections.abc import Iterable

from sekisho.decide.authn.legacy_token import LegacyClaims, legacy_claims_to_json
from sekisho.decide.authn.service_account_claims import ObjectClaim
from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Item, Seen, served
from sekisho.lab.kube.controllers.ownership import is_marked, item_of, uid_of
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.registry import CORE

SECRETS = served(CORE, "secrets")
ACCOUNTS = served(CORE, "serviceaccounts")
TYPE = "kubernetes.io/service-account-token"
NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"


class TokenSecrets:
    """Fills the Secrets of service accounts."""

    def __init__(self, actor: Actor, keys: IssuerKeys, issuer: str, certificate: str) -> None:
        self._actor = actor
        self._keys = keys
        self._issuer = issuer
        self._certificate = certificate

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the Secret that changed, or the Secrets of an account that did."""
        if seen.resource is SECRETS:
            return (seen.item,) if seen.after is not None and text(seen.after, "type") == TYPE else ()
        if seen.resource is not ACCOUNTS or (seen.before is not None and seen.after is not None):
            return ()
        return [
            item_of(SECRETS, secret)
            for secret in self._actor.listing(SECRETS, seen.item.namespace)
            if text(secret, "type") == TYPE
            and text(secret, "metadata", "annotations", NAME) == seen.item.name
        ]

    async def sync(self, item: Item) -> Instant | None:
        """Fill in what is missing; delete the Secret of an account that is not there."""
        found = self._actor.find(SECRETS, item.namespace, item.name)
        if found is None or is_marked(found):
            return None
        annotations = mapping(found, "metadata", "annotations")
        account = self._actor.find(ACCOUNTS, item.namespace, text(annotations, NAME))
        if account is None or text(annotations, UID) not in ("", uid_of(account)):
            await self._actor.delete(SECRETS, found)
            return None
        data = mapping(found, "data")
        wanted: dict[str, Json] = {
            "ca.crt": _encoded(self._certificate),
            "namespace": _encoded(item.namespace),
            **({} if text(data, "token") else {"token": _encoded(self._token(item, account))}),
        }
        if text(annotations, UID) and all(data.get(name) == value for name, value in wanted.items()):
            return None

        def filled(before: JsonObject) -> JsonObject:
            metadata = mapping(before, "metadata")
            told = {**mapping(metadata, "annotations"), UID: uid_of(account)}
            return {
                **before,
                "metadata": {**metadata, "annotations": told},
                "data": {**mapping(before, "data"), **wanted},
            }

        await self._actor.update(SECRETS, found, filled)
        return None

    def _token(self, item: Item, account: JsonObject) -> str:
        claim = ObjectClaim(text(account, "metadata", "name"), uid_of(account))
        claims = LegacyClaims(item.namespace, item.name, claim)
        return self._keys.sign_without_end(self._issuer, legacy_claims_to_json(claims)).reveal()


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()

"""Service account tokens as one cluster's API server takes them."""

import base64

from sekisho.decide.authn.legacy_token import (
    LEGACY_ISSUER,
    LegacyClaims,
    authenticate_legacy,
    parse_legacy_claims,
)
from sekisho.decide.authn.service_account_token import Bearer, TokenIssuer, authenticate, issuer_of
from sekisho.decide.decision import Decision
from sekisho.decide.proof.jws_token import parse_token
from sekisho.decide.values import Instant, Secret
from sekisho.facts import Key, Put, kube_key
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.stored_objects import StoredObjects
from sekisho.lab.world import Clock, World
from sekisho.wire.kube.members import mapping, text

API_AUDIENCES = ("https://kubernetes.default.svc",)
"""What EKS starts its API servers with (``--api-audiences``)."""

LAST_USED = "kubernetes.io/legacy-token-last-used"
"""The label of a Secret with the day on which its token was last used."""
INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"
"""The label of a Secret whose token was found to be unused, and does not count any more."""


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
        if issuer_of(token) == LEGACY_ISSUER:
            decision = authenticate_legacy(token, issuer, self, audiences)
            if decision.allowed:
                self._note_use(parse_legacy_claims(parse_token(token).claims))
            return decision
        return authenticate(token, issuer, self, self._clock.now(), audiences)

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        """Return the uid of an object of the core group; None if there is none."""
        return self._objects().uid_of(plural, namespace, name)

    def going_of(self, plural: str, namespace: str, name: str) -> Instant | None:
        """Return when an object is to go, or was; None if it stays."""
        return self._objects().going_of(plural, namespace, name)

    def token_of(self, namespace: str, name: str) -> Secret | None:
        """Return the token that a Secret holds; None if there is no such Secret, or it is going away."""
        found = self._world.facts.kube(self._secret_key(namespace, name))
        if found is None or text(found, "metadata", "deletionTimestamp"):
            return None
        held = text(self._world.revealed(found), "data", "token")
        return Secret(base64.b64decode(held).decode("utf-8", "replace"))

    def invalid_since(self, namespace: str, name: str) -> str:
        """Return the label of a Secret whose token is not to count any more; empty without it."""
        found = self._world.facts.kube(self._secret_key(namespace, name))
        return text(found, "metadata", "labels", INVALID_SINCE) if found is not None else ""

    def _objects(self) -> StoredObjects:
        return StoredObjects(self._world.facts, self._cluster.cluster)

    def _note_use(self, claims: LegacyClaims) -> None:
        """Label the Secret with the day of its last use, so that it can be seen which are needed."""
        key = self._secret_key(claims.namespace, claims.secret)
        found = self._world.facts.kube(key)
        today = self._clock.now().rfc3339()[:10]
        if found is None or text(found, "metadata", "labels", LAST_USED) == today:
            return
        metadata = mapping(found, "metadata")
        labels = {**mapping(metadata, "labels"), LAST_USED: today}
        body = {**self._world.revealed(found), "metadata": {**metadata, "labels": labels}}
        self._world.commit([Put(key, body)])

    def _secret_key(self, namespace: str, name: str) -> Key:
        return kube_key(str(self._cluster.cluster.arn), "", "secrets", namespace, name)

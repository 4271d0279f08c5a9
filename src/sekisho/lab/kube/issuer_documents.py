"""What an issuer of service account tokens says of itself: EKS's public pages, and the API server's own.

Sources: Amazon EKS User Guide, "Fetch signing keys to validate OIDC tokens"; Kubernetes, "Configure
Service Accounts for Pods", section "Service account issuer discovery".
"""

from collections.abc import Iterable

from sekisho.decide.values import JsonObject
from sekisho.decide.values.documents import to_json
from sekisho.decide.workload.issuer import discovery_document
from sekisho.facts import Cluster
from sekisho.lab.kube.issuer_keys import ALGORITHM, IssuerKeys, jwks_document
from sekisho.wire.http import Response

DISCOVERY_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/keys"
JWKS_PATH = "/openid/v1/jwks"

_TYPES: JsonObject = {"response_types_supported": ["id_token"], "subject_types_supported": ["public"]}
_ALGORITHMS: JsonObject = {"id_token_signing_alg_values_supported": ["RS256"]}
_MAX_AGE = ("cache-control", "public, max-age=3600")


def public_page(place: str, clusters: Iterable[Cluster], keys: IssuerKeys) -> Response | None:
    """Return the page at the address ``place`` of the issuer of one of ``clusters``; None: there is none.

    EKS serves these without any authentication, whatever a cluster's endpoint settings are.
    """
    for suffix in (DISCOVERY_PATH, KEYS_PATH):
        issuer = place.removesuffix(suffix)
        if issuer != place and cluster_of(issuer, clusters) is not None:
            return _discovery(issuer) if suffix == DISCOVERY_PATH else _public_keys(issuer, keys)
    return None


def cluster_of(issuer: str, clusters: Iterable[Cluster]) -> Cluster | None:
    """Return the cluster whose tokens name exactly this issuer."""
    return next((cluster for cluster in clusters if issuer and cluster.issuer == issuer), None)


def api_server_page(path: str, issuer: str, address: str, keys: IssuerKeys) -> Response | None:
    """Return the page that the API server at ``address`` serves at ``path``; None where it is another's."""
    match path.rstrip("/"):
        case "/.well-known/openid-configuration":
            return _json(
                {"issuer": issuer, "jwks_uri": f"https://{address}{JWKS_PATH}", **_TYPES, **_ALGORITHMS}
            )
        case "/openid/v1/jwks":
            return _page(jwks_document(keys.published(issuer)), "application/jwk-set+json")
    return None


def _discovery(issuer: str) -> Response:
    return _json(discovery_document(issuer, f"{issuer}{KEYS_PATH}", [ALGORITHM]))


def _public_keys(issuer: str, keys: IssuerKeys) -> Response:
    return _page(jwks_document(keys.published(issuer)), "application/json")


def _json(document: JsonObject) -> Response:
    return _page(to_json(document), "application/json")


def _page(body: bytes, content_type: str) -> Response:
    return Response(200, body, (("content-type", content_type), _MAX_AGE))

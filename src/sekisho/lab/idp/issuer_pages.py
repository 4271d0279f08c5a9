"""What a user pool says of itself as an issuer of tokens: OpenID Connect Discovery, and its keys.

Source: Cognito Developer Guide, "User pool endpoints and managed login reference", section on
``.well-known`` paths.
"""

from sekisho.decide.values import JsonObject
from sekisho.decide.values.documents import to_json
from sekisho.facts import Snapshot, UserPool
from sekisho.facts.pool_lookup import domain_of_pool
from sekisho.lab.idp.signing_keys import jwks_document
from sekisho.lab.idp.user_pools import UserPools
from sekisho.wire.http import Response

DISCOVERY_PATH = "/.well-known/openid-configuration"
JWKS_PATH = "/.well-known/jwks.json"
_MAX_AGE = ("cache-control", "public, max-age=86400")
_JSON = ("content-type", "application/json")


def domain_url(region: str, domain: str) -> str:
    """Return where a pool's domain is."""
    return f"https://{domain}.auth.{region}.amazoncognito.com"


async def pool_page(place: str, pools: UserPools, facts: Snapshot) -> Response | None:
    """Return the page at the address ``place`` of the issuer of a user pool; None: there is none."""
    for suffix in (DISCOVERY_PATH, JWKS_PATH):
        issuer = place.removesuffix(suffix)
        pool = pools.pool_of_issuer(issuer) if issuer != place else None
        if pool is not None:
            if suffix == JWKS_PATH:
                return Response(200, jwks_document(await pools.published_key(pool)), (_JSON, _MAX_AGE))
            return Response(200, to_json(_discovery(pool, facts)), (_JSON, _MAX_AGE))
    return None


def _discovery(pool: UserPool, facts: Snapshot) -> JsonObject:
    domain = domain_of_pool(facts, pool)
    found: dict[str, object] = {}
    if domain is not None:
        url = domain_url(domain.region, domain.domain)
        found = {
            "authorization_endpoint": f"{url}/oauth2/authorize",
            "end_session_endpoint": f"{url}/logout",
            "revocation_endpoint": f"{url}/oauth2/revoke",
            "token_endpoint": f"{url}/oauth2/token",
            "userinfo_endpoint": f"{url}/oauth2/userInfo",
        }
    document = {
        **found,
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": pool.issuer,
        "jwks_uri": f"{pool.issuer}{JWKS_PATH}",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    }
    return dict(sorted(document.items()))  # type: ignore[arg-type]  # strings and lists of strings

"""Which checkpoint a bearer token is for: by its form and by the issuer that it names, nothing believed yet.

An API server asks its authenticators one after the other until one takes the token. Here a token is for one
checkpoint: a signed token never reaches the one that asks STS, and what that one takes is no JWT.
Source: Kubernetes, "Authenticating", section "Authentication strategies".
"""

from collections.abc import Collection

from sekisho.decide.authn.legacy_token import LEGACY_ISSUER
from sekisho.decide.authn.oidc.model import GOOGLE, GOOGLE_BARE
from sekisho.decide.authn.service_account_token import claims_of
from sekisho.decide.chain.person_to_cluster import LinkName

_JSON, _DOTS = "ey", 2
"""How a JSON object begins in base64, and how many dots there are in a token of three parts."""
_CLUSTER_CLAIM = "kubernetes.io"
"""What every service account token holds, whichever cluster issued it."""


def checkpoint_of(token: str, own_issuer: str, issuers: Collection[str]) -> LinkName:
    """Return the first checkpoint of ``token``: TOKEN (of IAM), SERVICE_ACCOUNT or ID_TOKEN. Total.

    ``own_issuer`` is the cluster's, ``issuers`` are those of its identity providers. A signed token of
    neither is for the checkpoint that can say why it is refused.
    """
    claims = claims_of(token)
    if claims is None:
        # What only looks like a signed token is told so, rather than that it is none of IAM.
        looks_signed = token.startswith(_JSON) and token.count(".") >= _DOTS
        return LinkName.ID_TOKEN if looks_signed else LinkName.TOKEN
    issuer = claims.get("iss")
    if issuer in (own_issuer, LEGACY_ISSUER):
        return LinkName.SERVICE_ACCOUNT
    named = GOOGLE if issuer == GOOGLE_BARE else issuer
    is_of_cluster = _CLUSTER_CLAIM in claims and named not in issuers
    return LinkName.SERVICE_ACCOUNT if is_of_cluster else LinkName.ID_TOKEN

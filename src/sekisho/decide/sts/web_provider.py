"""The identity provider that a token is of, in the account of the role, and the client that it is for.

An account trusts an issuer once it has a provider with exactly its URL, and each account for itself.
Source: IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM".
"""

import re

from sekisho.decide.decision import Repair, Step
from sekisho.decide.proof.jws_token import UnverifiedToken
from sekisho.decide.sts import web_claims
from sekisho.decide.sts.code import StsCode, StsFix, StsNear
from sekisho.decide.sts.facts import ProviderFacts, StsFacts
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.values import Ref

_CLAIMS = Ref("token").child("claims")
_ISS = _CLAIMS.child("iss")
_MAX_SHOWN = 200
_PORT = re.compile(r"\A([^/:]*):[0-9]+(?=/|\Z)", re.ASCII)


def provider_of(issuer: str, account: str, facts: StsFacts) -> ProviderFacts | Refusal:
    """Return the provider of the role's account for the issuer: the same URL, to the last character."""
    scheme, separator, url = issuer.partition("https://")
    found = facts.provider(account, url) if separator and not scheme else None
    if found is not None:
        return found
    shown = issuer[:_MAX_SHOWN]
    near = tuple(
        Step(
            StsNear.ISSUER,
            Ref(str(one.arn)),
            (("url", one.url), ("issuer", shown), ("difference", difference)),
        )
        for one in facts.providers(account)
        if (difference := _difference(one.url, issuer))
    )
    fix = Repair(StsFix.ADD_PROVIDER, (("issuer", shown), ("account", account)))
    return refused(
        StsCode.PROVIDER_UNKNOWN, _ISS, ("issuer", shown), ("account", account), nearest=near, repairs=(fix,)
    )


def audience_of(token: UnverifiedToken, provider: ProviderFacts) -> str | Refusal:
    """Return the client id of ``provider`` that the token is for; with several, its first."""
    wanted = web_claims.audiences(token.claims)
    registered = next((client for client in provider.client_ids if client in wanted), None)
    if registered is not None:
        return registered
    shown = ", ".join(wanted)[:_MAX_SHOWN] or "nobody"
    fix = tuple(
        Repair(
            StsFix.ADD_AUDIENCE,
            (("audience", one[:_MAX_SHOWN]), ("url", provider.url), ("provider", str(provider.arn))),
        )
        for one in wanted[:1]
    )
    return refused(
        StsCode.AUDIENCE,
        _CLAIMS.child("aud"),
        ("audience", shown),
        ("url", provider.url),
        ("registered", ", ".join(provider.client_ids) or "none"),
        repairs=fix,
    )


def _difference(url: str, issuer: str) -> str:
    """Say in which small thing a provider's URL and an issuer differ; empty if it is more."""
    _, _, bare = issuer.rpartition("://")
    if bare == url:
        return "the scheme"
    if bare.rstrip("/") == url.rstrip("/"):
        return "the slash at the end"
    if bare.lower() == url.lower():
        return "upper and lower case"
    if _PORT.sub(r"\1", bare) == _PORT.sub(r"\1", url):
        return "the port"
    if bare.partition("/")[0] == url.partition("/")[0]:
        return "the path"
    return ""

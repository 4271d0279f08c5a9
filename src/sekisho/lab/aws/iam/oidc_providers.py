"""OIDC identity providers (IAM API Reference, "CreateOpenIDConnectProvider" and its siblings)."""

import base64
import binascii
import hashlib
import re
import ssl
from dataclasses import replace
from urllib.parse import urlsplit

from sekisho.facts import Delete, OpenIdConnectProvider
from sekisho.lab.aws.iam.entity import key_of, put
from sekisho.lab.aws.iam.errors import already_exists, invalid_input, over_quota, validation_error
from sekisho.lab.aws.iam.oidc_lookup import existing_provider, refuse_other_arn
from sekisho.lab.aws.iam.tags import tags_given, tags_output
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_PROVIDERS = 100
MAX_CLIENT_IDS = 100
MAX_THUMBPRINTS = 5

_SCHEME = "https://"
_URL = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?", re.ASCII)
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)


def create_provider(context: Context, parameters: Parameters) -> Answer:
    """Register an issuer; one account registers it once."""
    url = normal_url(parameters["Url"])
    known = context.facts.oidc_providers(context.account)
    provider = OpenIdConnectProvider(
        account=context.account,
        url=url,
        created=context.now,
        client_ids=tuple(dict.fromkeys(parameters.get("ClientIDList") or ())),
        thumbprints=_thumbprints(parameters) or _lab_thumbprints(context, url),
        partition=context.partition,
        tags=tags_given(parameters),
    )
    if any(other.url == url for other in known):
        raise already_exists(f"Provider with url {_SCHEME}{url} already exists.")
    if len(provider.client_ids) > MAX_CLIENT_IDS:
        raise over_quota("ClientIdsPerOpenIdConnectProvider", MAX_CLIENT_IDS)
    if len(known) >= MAX_PROVIDERS:
        raise over_quota("OpenIdConnectProvidersPerAccount", MAX_PROVIDERS)
    tags = {"Tags": tags_output(provider.tags)} if provider.tags else {}
    return Answer({"OpenIDConnectProviderArn": str(provider.arn), **tags}, (put(provider),))


def get_provider(context: Context, parameters: Parameters) -> Answer:
    """Describe a provider; the URL has no scheme, as AWS answers."""
    provider = existing_provider(context, parameters["OpenIDConnectProviderArn"])
    return Answer(
        {
            "Url": provider.url,
            "ClientIDList": list(provider.client_ids),
            "ThumbprintList": list(provider.thumbprints),
            "CreateDate": provider.created,
            "Tags": tags_output(provider.tags),
        }
    )


def list_providers(context: Context, _parameters: Parameters) -> Answer:
    """List the ARNs of the account's providers."""
    found = [{"Arn": str(provider.arn)} for provider in context.facts.oidc_providers(context.account)]
    return Answer({"OpenIDConnectProviderList": found})


def delete_provider(context: Context, parameters: Parameters) -> Answer:
    """Delete a provider; one that is not there is no error, and roles that trust it stay as they are."""
    arn = parameters["OpenIDConnectProviderArn"]
    refuse_other_arn(arn)
    provider = context.facts.oidc_provider(context.account, arn)
    return Answer({}, (Delete(key_of(provider)),) if provider is not None else ())


def add_client_id(context: Context, parameters: Parameters) -> Answer:
    """Register an audience; nothing changes if it is registered."""
    provider = existing_provider(context, parameters["OpenIDConnectProviderArn"])
    client_ids = tuple(dict.fromkeys((*provider.client_ids, parameters["ClientID"])))
    if len(client_ids) > MAX_CLIENT_IDS:
        raise over_quota("ClientIdsPerOpenIdConnectProvider", MAX_CLIENT_IDS)
    return Answer({}, (put(replace(provider, client_ids=client_ids)),))


def remove_client_id(context: Context, parameters: Parameters) -> Answer:
    """Take an audience out; one that is not there is no error."""
    provider = existing_provider(context, parameters["OpenIDConnectProviderArn"])
    left = tuple(known for known in provider.client_ids if known != parameters["ClientID"])
    return Answer({}, (put(replace(provider, client_ids=left)),))


def update_thumbprints(context: Context, parameters: Parameters) -> Answer:
    """Replace the list of thumbprints."""
    provider = existing_provider(context, parameters["OpenIDConnectProviderArn"])
    return Answer({}, (put(replace(provider, thumbprints=_thumbprints(parameters))),))


def normal_url(url: str) -> str:
    """Return host and path of an issuer: no scheme, no default port; a trailing slash is another issuer.

    Raises:
        AwsError: not an ``https://`` URL, or one with a query or a fragment.
    """
    if not url.startswith(_SCHEME) or not _URL.fullmatch(url.removeprefix(_SCHEME)):
        raise validation_error("Invalid Open ID Connect Provider URL")
    host, slash, path = url.removeprefix(_SCHEME).partition("/")
    return f"{host.removesuffix(':443')}{slash}{path}"


def _thumbprints(parameters: Parameters) -> tuple[str, ...]:
    thumbprints = tuple(parameters.get("ThumbprintList") or ())
    if len(thumbprints) > MAX_THUMBPRINTS:
        raise invalid_input(f"Thumbprint list must contain fewer than {MAX_THUMBPRINTS} entries.")
    if not all(_THUMBPRINT.fullmatch(thumbprint) for thumbprint in thumbprints):
        raise validation_error("Thumbprints must be hexadecimal.")
    return thumbprints


def _lab_thumbprints(context: Context, url: str) -> tuple[str, ...]:
    """Return what IAM would read from the issuer's own chain; only for names that the lab serves."""
    host = urlsplit(_SCHEME + url).hostname or ""
    if not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return ()
    try:
        authority = base64.b64decode(context.site.certificate_authority, validate=True).decode("ascii")
        certificate = ssl.PEM_cert_to_DER_cert(authority)
    except (binascii.Error, ValueError):
        return ()
    # SHA-1 is what IAM's thumbprints are; nothing here relies on it.
    return (hashlib.sha1(certificate, usedforsecurity=False).hexdigest(),)


OPERATIONS: dict[str, Operation] = {
    "AddClientIDToOpenIDConnectProvider": add_client_id,
    "CreateOpenIDConnectProvider": create_provider,
    "DeleteOpenIDConnectProvider": delete_provider,
    "GetOpenIDConnectProvider": get_provider,
    "ListOpenIDConnectProviders": list_providers,
    "RemoveClientIDFromOpenIDConnectProvider": remove_client_id,
    "UpdateOpenIDConnectProviderThumbprint": update_thumbprints,
}

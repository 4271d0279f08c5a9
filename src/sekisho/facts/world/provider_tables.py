"""The keys of a cluster's ``identityProviders`` in a world file (EKS API, "OidcIdentityProviderConfig")."""

import re

from sekisho.decide.authn.oidc.eks_provider import MAX_VALUE_CHARS
from sekisho.facts.world.organization_tables import SOME, TAGS
from sekisho.facts.world.shape import Member, Named, Record, Text

IDENTITY_PROVIDER = Record(
    "identityProvider",
    (
        Member("identityProviderConfigName", SOME, "name of the provider in the cluster", required=True),
        Member(
            "issuerUrl",
            Text(re.compile(r"https://[!-~]{1,2040}", re.ASCII), "an issuer that starts with https://"),
            "issuer of the id tokens, as their claim `iss` has it",
            required=True,
        ),
        Member("clientId", SOME, "client whose tokens count: their claim `aud`", required=True),
        Member("usernameClaim", Text(default="sub"), "claim that is the user name"),
        Member(
            "usernamePrefix",
            Text(),
            "what stands before it; default: `ISSUER#`, not for `email`; `-`: none",
        ),
        Member("groupsClaim", Text(), "claim that is the groups; default: none"),
        Member("groupsPrefix", Text(), "what stands before each group"),
        Member(
            "requiredClaims",
            Named(Text(longest=MAX_VALUE_CHARS)),
            "claims that a token has to have, each with its value",
        ),
        Member(
            "configId",
            Text(re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII), "letters, digits and `-`"),
            "last part of the provider's ARN; default: made of the cluster's ARN and the name",
        ),
        Member("tags", TAGS, "tags"),
    ),
)

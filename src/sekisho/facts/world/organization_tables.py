"""The keys of ``organizations`` in a world file, and the few that other parts of the file share.

Forms and bounds: AWS Organizations API Reference; User Guide, "Quotas for AWS Organizations".
"""

import re

from sekisho.facts.model import OrganizationPolicyType
from sekisho.facts.world.shape import (
    Choice,
    Document,
    Listed,
    Member,
    Moment,
    Named,
    Record,
    Text,
)

ALL_FEATURES = "ALL"

SOME = Text(re.compile(r"[\s\S]+"), "text that is not empty")
TAGS = Named(Text())
CREATED = Member("created", Moment(), "when it was made; default: when the world is made")
UNIQUE_ID = Text(re.compile(r"[A-Za-z0-9_]{16,128}", re.ASCII), "a unique id such as `AIDACKCEVSQ6C2EXAMPLE`")
ACCOUNT_ID = Text(re.compile(r"[0-9]{12}", re.ASCII), "an account id, which is twelve digits")

ATTACHED = Member(
    "policies", Listed(SOME), "attached policies by name or id; default: AWS's own of each enabled type"
)
_ORGANIZATION_TAGS = Member("tags", TAGS, "tags")
_UNIT_NAME = Text(re.compile(r"[\s\S]{1,128}"), "a name of 1 to 128 characters")

ORGANIZATION_POLICY = Record(
    "organizationPolicy",
    (
        Member("name", _UNIT_NAME, "policy name", required=True),
        Member(
            "id", Text(re.compile(r"p-[0-9a-zA-Z_]{8,128}", re.ASCII), "an id such as `p-0a1b2c3d4e`"), "id"
        ),
        Member("type", Choice(tuple(sorted(OrganizationPolicyType))), "policy type", required=True),
        Member("document", Document(), "policy document"),
        Member("file", SOME, "file with the document, relative to the world file, instead of `document`"),
        Member("description", Text(longest=512), "description"),
        _ORGANIZATION_TAGS,
    ),
)
MEMBER = Record(
    "organizationMember",
    (
        Member("account", SOME, "id or name of an account of the file", required=True),
        Member("name", _UNIT_NAME, "name in the organization; default: the account's"),
        Member(
            "email",
            Text(re.compile(r"[^ \t\r\n@]+@[^ \t\r\n@]+\.[^ \t\r\n@]+", re.ASCII), "an address", 64),
            "address; default: `root+ID@example.com`",
        ),
        Member("joined", Moment(), "when it joined"),
        Member("joinedMethod", Choice(("CREATED", "INVITED"), "INVITED"), "how it joined"),
        ATTACHED,
        _ORGANIZATION_TAGS,
    ),
)
UNIT = Record(
    "organizationalUnit",
    (
        Member("name", _UNIT_NAME, "name", required=True),
        Member(
            "id",
            Text(
                re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}", re.ASCII), "an id such as `ou-ab12-34cd56ef`"
            ),
            "id",
        ),
        ATTACHED,
        _ORGANIZATION_TAGS,
        Member("accounts", Listed(MEMBER), "accounts directly in it"),
        Member("units", Listed("organizationalUnit"), "OUs directly in it"),
    ),
)
ROOT = Record(
    "organizationRoot",
    (
        Member("id", Text(re.compile(r"r-[0-9a-z]{4,32}", re.ASCII), "an id such as `r-ab12`"), "id"),
        Member("policyTypes", Listed(Choice(tuple(sorted(OrganizationPolicyType)))), "enabled policy types"),
        ATTACHED,
        _ORGANIZATION_TAGS,
        Member("accounts", Listed(MEMBER), "accounts directly in the root"),
        Member("units", Listed(UNIT), "OUs directly in the root"),
    ),
)
ACCOUNT_CREATION = Record(
    "accountCreation",
    (
        Member(
            "id",
            Text(re.compile(r"car-[a-z0-9]{8,32}", re.ASCII), "an id such as `car-0a1b2c3d4e`"),
            "id",
            required=True,
        ),
        Member("name", _UNIT_NAME, "name that was asked for", required=True),
        Member("requested", Moment(), "when it was asked for"),
        Member("account", ACCOUNT_ID, "the account that was made"),
        Member("failure", Text(longest=128), "why none was made"),
    ),
)
ORGANIZATION = Record(
    "organization",
    (
        Member("management", SOME, "id or name of the management account", required=True),
        Member("id", Text(re.compile(r"o-[a-z0-9]{10,32}", re.ASCII), "an id such as `o-0a1b2c3d4e`"), "id"),
        CREATED,
        Member("featureSet", Choice((ALL_FEATURES, "CONSOLIDATED_BILLING"), ALL_FEATURES), "feature set"),
        Member("policies", Listed(ORGANIZATION_POLICY), "service control and resource control policies"),
        Member("root", ROOT, "the root"),
        Member("accountCreations", Listed(ACCOUNT_CREATION), "what became of requests to create accounts"),
    ),
)

"""Every key of a world file: `sekisho.facts.world.file` reads by these tables, the schema is made of them.

Forms and bounds: IAM User Guide, "IAM and AWS STS quotas" and "IAM identifiers"; the AWS Organizations
and EKS API References.
"""

import re

from sekisho.decide.authn.aws_auth import SECTIONS
from sekisho.decide.eks.creator import MODES
from sekisho.decide.values import PARTITIONS
from sekisho.facts.world.associations import POD_IDENTITY_ASSOCIATION
from sekisho.facts.world.entry_tables import ACCESS_ENTRY
from sekisho.facts.world.images import IMAGE
from sekisho.facts.world.organization_tables import (
    ACCOUNT_ID,
    CREATED,
    ORGANIZATION,
    SOME,
    TAGS,
    UNIQUE_ID,
)
from sekisho.facts.world.pool_tables import USER_POOL
from sekisho.facts.world.provider_tables import IDENTITY_PROVIDER
from sekisho.facts.world.shape import (
    Anything,
    Choice,
    Document,
    Flag,
    Listed,
    Member,
    Moment,
    Named,
    Number,
    Record,
    Text,
)
from sekisho.facts.world.stacks import STACK

API_VERSION = "sekisho.dev/v1alpha1"
KIND = "World"
DEFAULT_VERSION = "1.34"
INACTIVE = "Inactive"

NAMED = "letters, digits and any of `_+=,.@-`"
POLICY_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}", re.ASCII)
PROFILE = re.compile(r"[A-Za-z0-9_.@+-]{1,64}", re.ASCII)

_FREE = Text()
_ENTITY = Text(re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}", re.ASCII), NAMED)
_NAMED_POLICY = Text(POLICY_NAME, NAMED)
_PATH = Text(re.compile(r"/([!-.0-~]+/)*", re.ASCII), "a path that starts and ends with a slash", 512, "/")
_REGION = Text(re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", re.ASCII), "a region such as `ap-northeast-1`")
_ALIAS = Text(
    re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII),
    "lowercase letters, digits and single `-`",
    63,
)
_VERSION_ID = Text(re.compile(r"v[1-9][0-9]{0,5}", re.ASCII), "a version such as `v2`")
_DESCRIPTION = Text(longest=1000)

_POLICIES = Member(
    "policies", Listed(SOME), "managed policies: those of the account by name or ARN, AWS's by ARN"
)
_INLINE = Member("inline", Named(Document()), "inline policies: names and documents")
_BOUNDARY = Member("boundary", SOME, "permissions boundary, named as in `policies`")
_TAGGED = Member("tags", TAGS, "tags")

ACCESS_KEY = Record(
    "accessKey",
    (
        Member(
            "profile",
            Text(PROFILE, "the name of a profile"),
            "profile of the credentials file",
            required=True,
        ),
        Member("status", Choice(("Active", INACTIVE), "Active"), "whether it can be used"),
    ),
)
_KEYS = Listed(ACCESS_KEY)

USER = Record(
    "user",
    (
        Member("name", _ENTITY, "user name", required=True),
        Member("userId", UNIQUE_ID, "unique id; default: a new one"),
        Member("path", _PATH, "path"),
        CREATED,
        _POLICIES,
        _INLINE,
        Member("groups", Listed(SOME), "names of groups of the account"),
        _BOUNDARY,
        _TAGGED,
        Member("accessKeys", _KEYS, "access keys to make, two at most; the lab makes the secrets"),
    ),
)
GROUP = Record(
    "group",
    (
        Member("name", _NAMED_POLICY, "group name", required=True),
        Member("groupId", UNIQUE_ID, "unique id; default: a new one"),
        Member("path", _PATH, "path"),
        CREATED,
        _POLICIES,
        _INLINE,
    ),
)
ROLE = Record(
    "role",
    (
        Member("name", _ENTITY, "role name", required=True),
        Member("roleId", UNIQUE_ID, "unique id; default: a new one"),
        Member("path", _PATH, "path"),
        CREATED,
        Member("trust", Document(), "trust policy", required=True),
        Member(
            "trustedIds", Named(UNIQUE_ID), "unique ids that trusted ARNs stand for, if not those of today"
        ),
        _POLICIES,
        _INLINE,
        _BOUNDARY,
        Member("maxSessionDuration", Number(3600, 43200, 3600), "longest session, in seconds"),
        Member("description", _DESCRIPTION, "description"),
        _TAGGED,
    ),
)
POLICY_VERSION = Record(
    "policyVersion",
    (
        Member("version", _VERSION_ID, "version id", required=True),
        Member("document", Document(), "policy document", required=True),
        CREATED,
    ),
)
POLICY = Record(
    "policy",
    (
        Member("name", _NAMED_POLICY, "policy name", required=True),
        Member("policyId", UNIQUE_ID, "unique id; default: a new one"),
        Member("path", _PATH, "path"),
        CREATED,
        Member("updated", Moment(), "when it was changed last; default: `created`"),
        Member("document", Document(), "policy document of the only version, v1"),
        Member("versions", Listed(POLICY_VERSION), "versions, five at most, instead of `document`"),
        Member("defaultVersion", _VERSION_ID, "version in force; default: the last of `versions`"),
        Member("latestVersion", Number(1, 999_999), "highest version number ever given"),
        Member("description", _DESCRIPTION, "description"),
        _TAGGED,
    ),
)
OIDC_PROVIDER = Record(
    "oidcProvider",
    (
        Member(
            "url",
            Text(
                re.compile(
                    r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?", re.ASCII
                ),
                "an issuer that starts with https://",
                255,
            ),
            "issuer",
            required=True,
        ),
        Member("clientIds", Listed(Text(re.compile(r"[\s\S]{1,255}"), "an audience")), "audiences"),
        Member(
            "thumbprints",
            Listed(Text(re.compile(r"[0-9A-Fa-f]{40}", re.ASCII), "40 hexadecimal digits")),
            "thumbprints of its certificate authority, five at most",
        ),
        CREATED,
        _TAGGED,
    ),
)
INSTANCE_PROFILE = Record(
    "instanceProfile",
    (
        Member("name", _NAMED_POLICY, "name of the instance profile", required=True),
        Member("profileId", UNIQUE_ID, "unique id; default: a new one"),
        Member("path", _PATH, "path"),
        CREATED,
        Member("role", SOME, "name of its role"),
        _TAGGED,
    ),
)
PASSWORD_POLICY = Record(
    "passwordPolicy",
    (
        Member("minimumLength", Number(6, 128, 6), "least number of characters"),
        Member("symbols", Flag(), "a symbol is required"),
        Member("numbers", Flag(), "a digit is required"),
        Member("uppercase", Flag(), "an uppercase letter is required"),
        Member("lowercase", Flag(), "a lowercase letter is required"),
        Member("usersMayChange", Flag(), "users may change their own password"),
        Member("maxAgeDays", Number(0, 1095), "days until a password expires; 0: never"),
        Member("reusePrevention", Number(0, 24), "how many passwords are not used again"),
        Member("hardExpiry", Flag(), "an expired password cannot be changed"),
    ),
)
ACCOUNT = Record(
    "account",
    (
        Member("id", ACCOUNT_ID, "twelve digits, in quotes", required=True),
        Member("name", _FREE, "another name for it in this file; default: the id"),
        Member("partition", Choice(tuple(sorted(PARTITIONS)), "aws"), "partition"),
        Member("alias", _ALIAS, "account alias"),
        Member("passwordPolicy", PASSWORD_POLICY, "what passwords of users have to be"),
        Member("accessKeys", _KEYS, "access keys of the root user"),
        Member("policies", Listed(POLICY), "customer managed policies"),
        Member("groups", Listed(GROUP), "groups"),
        Member("users", Listed(USER), "users"),
        Member("roles", Listed(ROLE), "roles"),
        Member("instanceProfiles", Listed(INSTANCE_PROFILE), "what hands roles to EC2 instances"),
        Member("oidcProviders", Listed(OIDC_PROVIDER), "issuers whose tokens the account takes"),
        Member(
            "stacks", Listed(STACK), "stacks of CloudFormation; what they made stands with everything else"
        ),
        Member(
            "deletedPrincipals",
            Listed(
                Text(
                    re.compile(r"(user|role)/[!-~]{1,600}", re.ASCII),
                    "`user/NAME` or `role/NAME`, with the path",
                )
            ),
            "identities that are gone, though trust policies or clusters name them",
        ),
    ),
)

AWS_AUTH_RAW = Record("awsAuthRaw", tuple(Member(name, _FREE, "the section as text") for name in SECTIONS))
AWS_AUTH = Record(
    "awsAuth",
    (
        *(
            Member(name, Listed(_FREE if name == "mapAccounts" else Anything()), f"entries of `{name}`")
            for name in SECTIONS
        ),
        Member(
            "raw",
            AWS_AUTH_RAW,
            "the sections as text, instead of entries",
        ),
    ),
)
NODE = Record(
    "node",
    (
        Member(
            "name",
            Text(
                re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII),
                "a node name, such as a host's DNS name",
            ),
            "node name",
            required=True,
        ),
        Member(
            "version",
            Text(
                re.compile(r"v1\.[0-9]{1,2}\.[0-9]{1,2}[0-9A-Za-z.+-]*", re.ASCII),
                "a kubelet version such as `v1.34.2-eks-5e0fdde`",
            ),
            "kubelet version; default: patch 0 of the cluster's",
        ),
        Member(
            "address", Text(re.compile(r"[0-9a-f:.]{3,45}", re.ASCII), "an IP address"), "internal IP address"
        ),
        Member("ready", Flag(default=True), "whether it is ready"),
        Member("labels", TAGS, "labels"),
    ),
)
ABSENT = Record(
    "absentObject",
    (
        Member("apiVersion", SOME, "API version", required=True),
        Member("kind", SOME, "kind", required=True),
        Member("name", SOME, "name", required=True),
        Member("namespace", _FREE, "namespace"),
    ),
)
CLUSTER = Record(
    "cluster",
    (
        Member(
            "name",
            Text(
                re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", re.ASCII),
                "a cluster name of letters, digits, `-` and `_`",
            ),
            "cluster name",
            required=True,
        ),
        Member("account", SOME, "id or name of an account of the file", required=True),
        Member("region", _REGION, "region; default: the file's"),
        Member(
            "version",
            Text(re.compile(r"1\.[0-9]{1,2}", re.ASCII), "a version such as `1.34`", 0, DEFAULT_VERSION),
            "Kubernetes version, in quotes",
        ),
        CREATED,
        Member("authenticationMode", Choice(tuple(sorted(MODES)), "CONFIG_MAP"), "authentication mode"),
        Member(
            "creator",
            SOME,
            "`user/NAME`, `role/NAME`, `root` or an ARN of the account: the hidden administrator",
            required=True,
        ),
        Member(
            "bootstrapClusterCreatorAdminPermissions",
            Flag(default=True),
            "whether the creator gets an administrator's access entry, in modes that have entries",
        ),
        Member("accessEntries", Listed(ACCESS_ENTRY), "access entries, in modes that have them"),
        Member(
            "podIdentityAssociations",
            Listed(POD_IDENTITY_ASSOCIATION),
            "which roles EKS Pod Identity gives to the pods of service accounts",
        ),
        Member("identityProviders", Listed(IDENTITY_PROVIDER), "OIDC identity providers of its people"),
        Member("roleArn", SOME, "the cluster's role, by ARN or `role/NAME`"),
        Member(
            "issuer",
            Text(re.compile(r"https://[!-~]{1,247}", re.ASCII), "an issuer that starts with https://"),
            "OIDC issuer; default: a new one",
        ),
        Member(
            "platformVersion",
            Text(re.compile(r"eks\.[0-9]{1,5}", re.ASCII), "a version such as `eks.1`", 0, "eks.1"),
            "platform version",
        ),
        Member("subnetIds", Listed(SOME), "subnets"),
        Member("securityGroupIds", Listed(SOME), "security groups"),
        Member(
            "serviceIpv4Cidr",
            Text(
                re.compile(r"[0-9.]{7,15}/[0-9]{1,2}", re.ASCII),
                "a block such as `10.100.0.0/16`",
                0,
                "10.100.0.0/16",
            ),
            "addresses of services",
        ),
        _TAGGED,
        Member("brokenAwsAuth", Flag(), "true: faults in aws-auth are meant; the section maps nobody"),
        Member("awsAuth", AWS_AUTH, "the aws-auth ConfigMap"),
        Member("nodes", Listed(NODE), "nodes"),
        Member("absent", Listed(ABSENT), "objects of every new cluster that this one does not have"),
        Member(
            "manifests",
            Listed(Anything(("apiVersion", "kind", "metadata"))),
            "Kubernetes objects of the kinds that the lab serves",
        ),
    ),
)
WORLD = Record(
    "world",
    (
        Member("apiVersion", Choice((API_VERSION,)), "version of the format", required=True),
        Member("kind", Choice((KIND,)), "what the document is", required=True),
        Member("region", _REGION, "region of the lab's shell, and of clusters that name none", required=True),
        Member("accounts", Listed(ACCOUNT), "accounts"),
        Member("organizations", Listed(ORGANIZATION), "organizations"),
        Member("clusters", Listed(CLUSTER), "clusters"),
        Member("userPools", Listed(USER_POOL), "user pools of Cognito"),
        Member("images", Listed(IMAGE), "images of pods: which programs of this machine they stand for"),
    ),
)

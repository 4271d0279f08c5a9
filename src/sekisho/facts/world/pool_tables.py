"""The keys of ``userPools`` in a world file.

Forms and bounds: Cognito user pools API Reference, "CreateUserPool", "CreateUserPoolClient" and
"CreateGroup".
"""

import re
from typing import Final

from sekisho.facts.world.organization_tables import SOME
from sekisho.facts.world.shape import Choice, Listed, Member, Number, Record, Text

FLOWS: Final = (
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
)
SCOPES: Final = ("email", "openid", "phone", "profile")

_NAME = Text(re.compile(r"[A-Za-z0-9_ +=,.@-]{1,128}", re.ASCII), "a name such as `people`")
_CALLBACK = Text(
    re.compile(r"https://[!-~]+|http://(localhost|127\.0\.0\.1)([:/][!-~]*)?", re.ASCII),
    "an https:// URL, or an http:// URL of localhost",
    1024,
)

CLIENT = Record(
    "userPoolClient",
    (
        Member("name", _NAME, "name of the app client", required=True),
        Member(
            "id",
            Text(re.compile(r"[0-9a-z]{1,128}", re.ASCII), "lower-case letters and digits"),
            "client id; default: a new one",
        ),
        Member("flows", Listed(Choice(FLOWS)), "flows that it allows; default: all three"),
        Member("callbackUrls", Listed(_CALLBACK), "where its login page may send browsers; none: no page"),
        Member("logoutUrls", Listed(_CALLBACK), "where browsers may go after signing out"),
        Member("scopes", Listed(Choice(SCOPES)), "OAuth scopes; default: openid, email, profile"),
    ),
)
GROUP = Record(
    "userPoolGroup",
    (
        Member(
            "name",
            Text(re.compile(r"[!-~]{1,128}", re.ASCII), "a name without spaces"),
            "group name",
            required=True,
        ),
        Member("description", Text(longest=2048), "description"),
        Member("precedence", Number(0, 2**31 - 1), "precedence; default: none"),
    ),
)
USER = Record(
    "userPoolUser",
    (
        Member(
            "email",
            Text(re.compile(r"[^@ \t\r\n]{1,64}@[^@ \t\r\n]{1,63}", re.ASCII), "an e-mail address"),
            "address, by which the user signs in",
            required=True,
        ),
        Member("name", Text(longest=2048), "full name"),
        Member("groups", Listed(SOME), "names of groups of the pool"),
    ),
)
USER_POOL = Record(
    "userPool",
    (
        Member("name", _NAME, "name of the user pool", required=True),
        Member("account", SOME, "id or name of an account of the file", required=True),
        Member(
            "region",
            Text(re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", re.ASCII), "a region such as `ap-northeast-1`"),
            "region; default: the file's",
        ),
        Member(
            "id",
            Text(
                re.compile(r"[a-z0-9-]+_[0-9A-Za-z]{1,40}", re.ASCII),
                "an id such as `ap-northeast-1_Abc123xyz`",
            ),
            "pool id; default: a new one",
        ),
        Member(
            "domain",
            Text(
                re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII),
                "lower-case letters, digits and hyphens",
            ),
            "prefix of the domain with the login page",
        ),
        Member("clients", Listed(CLIENT), "app clients, all public"),
        Member("groups", Listed(GROUP), "groups"),
        Member("users", Listed(USER), "users, without passwords"),
    ),
)

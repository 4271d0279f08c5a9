"""What `aws iam` prints about single roles and identity providers, and the lists of them.

`get-role` and `list-roles` tell a role's trust policy and none of its other policies, which are then unread.
`list-open-id-connect-providers` names the providers of an account, `get-open-id-connect-provider` tells
their audiences and not their account. (IAM API Reference.)
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from sekisho.decide.values import AccountId, Arn, InputFault, Json, Ref, SekishoInputError
from sekisho.facts.account_details import read_role
from sekisho.facts.aws_members import Output
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Account, OpenIdConnectProvider, Role
from sekisho.facts.snapshot import Event, Gap, Put
from sekisho.facts.world.content import UNDATED

_PROVIDER = "oidc-provider/"
_LISTED = "aws iam list-open-id-connect-providers"


@dataclass(slots=True)
class DescribedIam:
    """What was read so far.

    ``listings`` are the accounts whose roles were listed to the end; ``listed`` the providers by account,
    ``lists_none`` whether a list of them was empty, ``providers`` those described, by URL.
    """

    roles: dict[Key, tuple[Role, Ref]] = field(default_factory=dict)
    listings: set[AccountId] = field(default_factory=set)
    listed: dict[AccountId, dict[str, Arn]] = field(default_factory=dict)
    lists_none: bool = False
    providers: dict[str, tuple[OpenIdConnectProvider, Ref]] = field(default_factory=dict)

    def facts(
        self, told: Collection[Key], detailed: Collection[AccountId]
    ) -> tuple[list[Event], list[Gap], dict[Ref, Ref]]:
        """Return the roles and providers, what is not known of them, and where they stand.

        Args:
            told: what other files tell; a role among it has its policies there.
            detailed: the accounts of get-account-authorization-details, which tells no provider.

        Raises:
            SekishoInputError: it is not clear in which account a provider is.
        """
        events: list[Event] = []
        gaps: list[Gap] = []
        places: dict[Ref, Ref] = {}
        for key, (role, at) in self.roles.items():
            if key not in told:
                name = Ref(str(role.arn))
                events.append(Put(key, role))
                gaps.append(Gap(Kind.ROLE, str(role.arn), "get-role and list-roles tell no policies"))
                places |= {name: at, name.child("trust"): at.child("AssumeRolePolicyDocument")}
        accounts = {AccountId(key.name) for key in told if key.kind is Kind.ACCOUNT}
        mine = {role.account: role.partition for role, _ in self.roles.values()}
        mine |= {account: next(iter(urls.values())).partition for account, urls in self.listed.items()}
        for account in sorted(set(mine) - accounts):
            events.append(Put(Key(Kind.ACCOUNT, "", account), Account(account, account, mine[account])))
            gaps += [
                Gap(kind, account, f"the output of `aws iam` has not every {kind} of the account")
                for kind in (Kind.USER, Kind.GROUP, Kind.ROLE, Kind.POLICY)
                if kind is not Kind.ROLE or account not in self.listings
            ]
        known = sorted(accounts.union(mine))
        listed = dict(self.listed)
        if self.lists_none and len(known) == 1:
            listed.setdefault(known[0], {})
        for account, (provider, at) in self._placed(known):
            whole = replace(provider, account=account, partition=mine.get(account, "aws"))
            events.append(Put(Key(Kind.OIDC_PROVIDER, account, str(whole.arn)), whole))
            places[Ref(str(whole.arn))] = at
        for account in known:
            missing = sorted(set(listed.get(account, {})) - set(self.providers))
            if missing:
                gaps.append(Gap(Kind.OIDC_PROVIDER, account, f"not described: {', '.join(missing[:5])}"))
            elif account not in listed and (account in detailed or account not in accounts):
                gaps.append(Gap(Kind.OIDC_PROVIDER, account, f"not listed (`{_LISTED}`)"))
        return events, gaps, places

    def _placed(
        self, known: list[AccountId]
    ) -> Iterator[tuple[AccountId, tuple[OpenIdConnectProvider, Ref]]]:
        """Give each described provider to the account that lists it, or to the only one there is."""
        for url, (provider, at) in self.providers.items():
            accounts = sorted(account for account, urls in self.listed.items() if url in urls) or known
            if len(accounts) != 1:
                raise SekishoInputError([_no_account(url, at, accounts)])
            yield accounts[0], (provider, at)


def is_iam_output(value: Json) -> bool:
    """Whether a document is one of these outputs."""
    match value:
        case {"Role": {"Arn": _, "AssumeRolePolicyDocument": _}}:
            return True
        case {"Roles": [{"AssumeRolePolicyDocument": _}, *_]} | {"OpenIDConnectProviderList": [*_]}:
            return True
        case {"Url": str(), "ClientIDList": [*_]}:
            return True
        case _:
            return False


def read_iam_output(value: Json, at: Ref, into: DescribedIam) -> None:
    """Read one output into what is known.

    Raises:
        SekishoInputError: a member is missing or of the wrong type; every fault.
    """
    root = Output(value, at, [])
    one = root.member("Role")
    roles = _roles([one] if one.value is not None else root.member("Roles").items())
    providers = [
        arn
        for item in root.member("OpenIDConnectProviderList").items()
        if (arn := item.member("Arn").arn()) is not None
    ]
    url = root.member("Url").text(optional=True)
    provider = OpenIdConnectProvider(
        AccountId(""),
        url.removeprefix("https://"),
        root.member("CreateDate").instant(UNDATED),
        tuple(item.text() for item in root.member("ClientIDList").items()),
        tuple(item.text() for item in root.member("ThumbprintList").items()),
        tags=root.member("Tags").tags(),
    )
    root.raise_faults()
    # A list leaves out the boundary and the tags.
    into.roles = {**into.roles, **roles} if one.value is not None else {**roles, **into.roles}
    is_whole = root.member("IsTruncated").value is not True and root.member("NextToken").value is None
    if root.member("Roles").value is not None and is_whole:
        into.listings |= {role.account for role, _ in roles.values()}
    into.lists_none = into.lists_none or root.member("OpenIDConnectProviderList").value == []
    for arn in providers:
        urls = into.listed.setdefault(AccountId(arn.account), {})
        urls[arn.resource.removeprefix(_PROVIDER)] = arn
    if url:
        into.providers[provider.url] = (provider, at)


def _roles(items: Iterable[Output]) -> dict[Key, tuple[Role, Ref]]:
    found = {}
    for item in items:
        arn = item.member("Arn").arn()
        if arn is not None:
            role = read_role(item, arn)
            found[Key(Kind.ROLE, arn.account, role.name)] = (role, item.at)
    return found


def _no_account(url: str, at: Ref, accounts: list[AccountId]) -> InputFault:
    where = f"it may be in {' or '.join(accounts)}" if accounts else "no other file names an account"
    problem = f"the provider `{url[:200]}` does not say in which account it is: {where}"
    return InputFault("facts.provider-account", at, problem, f"add the output of `{_LISTED}` of its account")

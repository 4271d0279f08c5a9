"""The ``accounts`` of a world file: who is in them, and which access keys to make."""

from sekisho.decide.values import AccountId, Arn, Ref
from sekisho.facts.model import Account
from sekisho.facts.policy_documents import principal_arn, trusted_arns
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.world.content import Accounts, KeyRequest
from sekisho.facts.world.entities import (
    read_group,
    read_instance_profile,
    read_password_policy,
    read_policy,
    read_provider,
    read_role,
    read_user,
)
from sekisho.facts.world.organization_tables import ACCOUNT_ID
from sekisho.facts.world.shape import Fields, checked_text
from sekisho.facts.world.stacks import read_stacks
from sekisho.facts.world.tables import ACCOUNT, INACTIVE, PASSWORD_POLICY

_MAX_ACCESS_KEYS = 2


def read_accounts(node: Node) -> Accounts:
    """Return the accounts; every fault is noted."""
    accounts = Accounts()
    for item in node.items():
        _read_account(Fields.of(item, ACCOUNT), accounts)
    _check_trust(node, accounts)
    profiles: set[str] = set()
    for request in accounts.keys:
        if request.profile in profiles:
            node.fault(FaultCode.TWICE, f"the profile `{request.profile}` is asked for by two access keys")
        profiles.add(request.profile)
    return accounts


def _read_account(fields: Fields, accounts: Accounts) -> None:
    id_node = fields.member("id")
    # An id that YAML made a number is refused, but what refers to it need not be refused too.
    meant = f"{id_node.value:012d}" if isinstance(id_node.value, int) else "0" * 12
    written = checked_text(id_node, ACCOUNT_ID, meant)
    # INVARIANT: an id of another form has a fault noted, and faults keep the world from being made.
    passwords = fields.member("passwordPolicy")
    account = Account(
        AccountId(written),
        fields.text("name", written),
        fields.text("partition"),
        fields.text("alias"),
        None if passwords.value is None else read_password_policy(Fields.of(passwords, PASSWORD_POLICY)),
    )
    if account.alias and any(one.alias == account.alias for one in accounts.accounts):
        fields.member("alias").fault(FaultCode.TWICE, f"another account has the alias `{account.alias}`")
    if id_node.value is not None and written in accounts.places:
        id_node.fault(FaultCode.TWICE, f"the account id `{written}` occurs twice")
    accounts.places[written] = id_node.at
    accounts.accounts.append(account)
    read_keys(fields, account, "", accounts)
    for item in fields.objects("policies"):
        read_policy(item, account, accounts)
    for item in fields.objects("groups"):
        read_group(item, account, accounts)
    for item in fields.objects("users"):
        read_keys(item, account, read_user(item, account, accounts), accounts)
    for item in fields.objects("roles"):
        read_role(item, account, accounts)
    for item in fields.objects("instanceProfiles"):
        read_instance_profile(item, account, accounts)
    for item in fields.objects("oidcProviders"):
        read_provider(item, account, accounts)
    read_stacks(fields, account, accounts)
    for gone in fields.texts("deletedPrincipals"):
        accounts.gone.add(str(Arn(account.partition, "iam", "", account.account, gone)))


def read_keys(fields: Fields, account: Account, user: str, accounts: Accounts) -> None:
    """Note the access keys that are asked for."""
    keys = fields.objects("accessKeys")
    for key in keys:
        active = key.text("status") != INACTIVE
        accounts.keys.append(KeyRequest(account.account, user, key.text("profile"), active))
    if len(keys) > _MAX_ACCESS_KEYS:
        fields.member("accessKeys").fault(FaultCode.TOO_LONG, "a user has at most two access keys")


def _check_trust(node: Node, accounts: Accounts) -> None:
    """Note each user or role of these accounts that a trust policy names and that does not exist."""
    ids = {one.account for one in accounts.accounts}
    for role in accounts.roles:
        place = accounts.places[str(role.arn)].child("trust")
        for at, name in trusted_arns(role.trust):
            where = Ref(place.document, place.pointer + at.pointer)
            try:
                arn = principal_arn(name)
            except ValueError as error:
                node.faults.add(FaultCode.FORM, where, str(error))
                continue
            if arn is None or arn.account not in ids or name in accounts.gone:
                continue
            known = [str(one.arn) for one in accounts.identities_of(arn.account)]
            if name not in known:
                hint = nearest(name, known)
                node.faults.add(FaultCode.REFERENCE, where, f"there is no principal `{name[:200]}`", hint)

"""Who may ask: any member about its organization, the management account about everything in it.

Delegated administrators are not served: there is no operation here that makes one.
"""

from sekisho.facts import Organization
from sekisho.facts.organization import organization_of
from sekisho.lab.aws.operation import Context
from sekisho.lab.aws.organizations.errors import access_denied, not_in_use


def own_organization(context: Context) -> Organization:
    """Return the organization the caller's account is in.

    Raises:
        AwsError: it is in none.
    """
    found = organization_of(context.facts, context.account)
    if found is None:
        raise not_in_use()
    return found


def managed_organization(context: Context) -> Organization:
    """Return the organization that the caller's account manages.

    Raises:
        AwsError: it is in none, or a member only.
    """
    found = own_organization(context)
    if found.management != context.account:
        raise access_denied()
    return found

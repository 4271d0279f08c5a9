"""An OIDC provider by its ARN."""

from sekisho.decide.values import Arn
from sekisho.facts import OpenIdConnectProvider
from sekisho.lab.aws.iam.errors import invalid_input, no_such_entity
from sekisho.lab.aws.operation import Context


def existing_provider(context: Context, arn: str) -> OpenIdConnectProvider:
    """Return the provider with this ARN.

    Raises:
        AwsError: there is none, or it is not the ARN of a provider.
    """
    refuse_other_arn(arn)
    found = context.facts.oidc_provider(context.account, arn)
    if found is None:
        raise no_such_entity(f"OpenIDConnect Provider not found for arn {arn}")
    return found


def refuse_other_arn(arn: str) -> None:
    """Return if ``arn`` has the form of a provider's.

    Raises:
        AwsError: it has not.
    """
    try:
        parsed = Arn.parse(arn)
    except ValueError:
        raise invalid_input(f"ARN {arn} is not valid.") from None
    if parsed.service != "iam" or not parsed.resource.startswith("oidc-provider/"):
        raise invalid_input(f"ARN {arn} is not valid.")

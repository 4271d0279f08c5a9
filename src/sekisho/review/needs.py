"""What an answer hangs on, as the lines that begin with "if": conditions in the words of the policies.

Source of the rule which open statements matter: `sekisho.decide.iam.unsettled`.
"""

from collections.abc import Iterator

from sekisho.decide.iam import Layer, Policies
from sekisho.decide.iam.code import Code
from sekisho.decide.iam.examine import Look
from sekisho.decide.iam.looks import Looks, look, unread_layers
from sekisho.decide.iam.nearest_condition import phrase
from sekisho.decide.iam.rules import applicable, crosses_accounts, has_mandatory_policy, permitted
from sekisho.decide.iam.unsettled import open_looks
from sekisho.decide.request.aws_request import AwsRequest


def needs(request: AwsRequest, policies: Policies) -> tuple[str, ...]:
    """Return what has to hold so that an answer that is UNKNOWN becomes a yes; empty if nothing is open.

    Each line is one thing; all of them are needed. Ways between which there is a choice stand in one
    line, joined by "or". Total.
    """
    looks = look(request, applicable(request, policies))
    allowed = {
        resource: permitted(looks.allows(resource), request, resource) for resource in request.resources
    }
    open_ = open_looks(looks, allowed)
    lines = [*_allowing(looks, open_), *_denying(looks, open_)]
    lines += [f"the {layer.noun} that was not read allows it" for layer in unread_layers(looks.policies)]
    return tuple(dict.fromkeys(lines))


def may_be_allowed(request: AwsRequest, policies: Policies) -> bool:
    """Tell whether an answer that is UNKNOWN can become a yes, and not only a refusal of another kind."""
    looks = look(request, applicable(request, policies))
    return all(
        permitted(looks.allows(resource), request, resource) is not False for resource in request.resources
    )


def _allowing(looks: Looks, open_: tuple[Look, ...]) -> Iterator[str]:
    """Yield a line for each layer and level in which a statement has to begin to allow."""
    ways: dict[tuple[Layer, int], list[str]] = {}
    for one in open_:
        if not one.denies:
            layer = one.policy.layer
            if layer is Layer.RESOURCE and _are_alternatives(looks.request):
                layer = Layer.IDENTITY
            ways.setdefault((layer, one.level), []).append(_condition(looks, one))
    for found in ways.values():
        yield " or ".join(dict.fromkeys(found))


def _denying(looks: Looks, open_: tuple[Look, ...]) -> Iterator[str]:
    for one in open_:
        if one.denies:
            yield f"not ({_condition(looks, one)})"


def _are_alternatives(request: AwsRequest) -> bool:
    """Tell whether identity and resource policy each suffice: in one account, no mandatory policy."""
    mandatory = has_mandatory_policy(request.action.lower(), request.resources[0])
    return not crosses_accounts(request) and not mandatory


def _condition(looks: Looks, one: Look) -> str:
    context = looks.request.context
    unread = [condition for condition in one.statement.conditions if condition.holds(context) is None]
    parts = [phrase(condition, context) for condition in unread]
    facts = dict(one.step.facts)
    if one.step.code is Code.PRINCIPAL_UNREAD:
        parts.append(f"{facts['keys']} of {facts['principal']} is the one that {facts['policy']} names")
    elif not parts:
        patterns = " or ".join(pattern.text for pattern in one.statement.resources)
        parts.append(f"{facts['resource']} is {'not ' if one.statement.not_resource else ''}{patterns}")
    return " and ".join(parts)

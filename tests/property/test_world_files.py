"""World files: what is saved loads as the same facts, and the schema accepts what the reader does."""

from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sekisho.decide.values import Instant, SekishoInputError, documents
from sekisho.facts import Key, Kind, Put, Snapshot, UserAccessKey
from sekisho.facts.manifest import put_manifest
from sekisho.facts.world.events import default_manifests, events, kube_events
from sekisho.facts.world.file import parse_world
from sekisho.facts.world.saved.clusters import saved_body
from sekisho.facts.world.saved.document import SavedWorld, save_world
from sekisho.facts.world.saved.text import world_text
from sekisho.facts.world.schema import world_schema
from support.world_build import REGION, TEXTS
from support.world_tree import worlds


class Counting:
    """Ids that count, in the forms of real ones."""

    def __init__(self) -> None:
        self.made = 0

    def unique_id(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made:017d}"

    def organizations_id(self, prefix: str, stand_in: str) -> str:
        del stand_in
        self.made += 1
        return f"{prefix}{self.made:010d}"


CREATED = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
SCHEMA = Draft202012Validator(world_schema())
SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def facts_of(text: str) -> tuple[Snapshot, dict[str, str]]:
    """Return the facts of a world file with the profiles of its access keys."""
    world = parse_world(text, "w")
    objects = [event for found in world.clusters for event in kube_events(found, CREATED)]
    keys = [
        Put(
            Key(Kind.ACCESS_KEY, "", f"AKIA{number}"),
            UserAccessKey(one.account, f"AKIA{number}", one.user, CREATED, one.active),
        )
        for number, one in enumerate(world.keys)
    ]
    profiles = {f"AKIA{number}": one.profile for number, one in enumerate(world.keys)}
    return Snapshot([*events(world, Counting(), CREATED), *objects, *keys]), profiles


def saved(facts: Snapshot, profiles: dict[str, str]) -> SavedWorld:
    return save_world(
        facts,
        REGION,
        profiles,
        lambda cluster: [put_manifest(str(cluster.arn), one) for one in default_manifests()],
    )


def comparable(facts: Snapshot, profiles: dict[str, str]) -> dict[Any, Any]:
    """Return facts as a file can tell them: keys by profile, objects without what the server adds."""
    found: dict[Any, Any] = {}
    for key, fact in facts.items():
        if isinstance(fact, UserAccessKey):
            found[profiles[fact.key_id]] = (fact.account, fact.user, fact.active)
        elif key.kind is Kind.KUBE:
            found[key] = saved_body(fact)  # type: ignore[arg-type]
        else:
            found[key] = fact
    return found


@SLOW
@given(worlds())
def test_a_saved_world_loads_as_the_same_facts_and_saves_as_the_same_bytes(world: dict[str, Any]) -> None:
    facts, profiles = facts_of(world_text(world))
    text = saved(facts, profiles).text
    again, profiles_again = facts_of(text)
    assert comparable(again, profiles_again) == comparable(facts, profiles)
    assert saved(again, profiles_again).text == text


@SLOW
@given(worlds())
def test_the_schema_accepts_what_the_reader_accepts(world: dict[str, Any]) -> None:
    parse_world(world_text(world), "w")
    SCHEMA.validate(world)
    text = saved(*facts_of(world_text(world))).text
    SCHEMA.validate(documents.parse_yaml(text))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 4000),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"a": None}),
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Return a world document with some values replaced, members removed or added."""
    world = deepcopy(draw(worlds()))  # what is drawn belongs to the strategy
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(world))
        holder, name = draw(st.sampled_from(places))
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "replace":
            holder[name] = deepcopy(draw(VALUES))
        elif change == "remove":
            del holder[name]
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(["secret", "nmae", "tags", "document", "id"]))] = deepcopy(
                draw(VALUES)
            )
    return world


def _places(value: Any) -> Any:
    for name, member in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, name
        if isinstance(member, dict | list):
            yield from _places(member)


@settings(SLOW, max_examples=60)
@given(mutated())
def test_no_document_ends_the_reader_and_none_that_it_accepts_is_refused_by_the_schema(world: Any) -> None:
    text = world_text(world)
    try:
        parse_world(text, "w")
    except SekishoInputError:
        return
    SCHEMA.validate(world)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, max_size=3))
def test_the_yaml_of_a_world_reads_back_as_the_document(document: dict[str, Any]) -> None:
    assert (documents.parse_yaml(world_text(document)) or {}) == document

"""A Snapshot as one JSON document, and back: how a running lab hands out its facts."""

from collections.abc import Mapping

from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError
from sekisho.facts import Key, Kind, Put, Snapshot
from sekisho.facts.json_form import fact_from_json, fact_to_json

FORMAT = "sekisho.dev/snapshot/v1alpha1"


def facts_to_document(facts: Snapshot) -> JsonObject:
    """Return ``{format, facts: [{kind, scope, name, fact}]}``; it holds no secret."""
    rows: list[Json] = [
        {"kind": str(key.kind), "scope": key.scope, "name": key.name, "fact": fact_to_json(fact)}
        for key, fact in facts.items()
    ]
    return {"format": FORMAT, "facts": rows}


def facts_from_document(document: Json) -> Snapshot:
    """Return the facts of a document.

    Raises:
        SekishoInputError: it is not such a document, or of another version.
    """
    at = Ref("facts")
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise SekishoInputError.single("facts.format", at, f"expected a document of format `{FORMAT}`")
    rows = document.get("facts")
    if not isinstance(rows, list):
        raise SekishoInputError.single("facts.format", at.child("facts"), "expected a list")
    return Snapshot([_put(row, at.child("facts", index)) for index, row in enumerate(rows)])


def _put(row: Json, at: Ref) -> Put:
    match row:
        case {"kind": str(kind), "scope": str(scope), "name": str(name), "fact": fact} if kind in list(Kind):
            return Put(Key(Kind(kind), scope, name), fact_from_json(Kind(kind), fact, at.child("fact")))
    raise SekishoInputError.single("facts.format", at, "expected kind, scope, name and fact")

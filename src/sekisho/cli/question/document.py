"""Answers as JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sekisho.decide.decision import Chain
    from sekisho.review.source import Source

EXIT_CODES = {"allow": 0, "deny": 1, "no-opinion": 1, "unknown": 3}


def answer_document(chain: "Chain", source: "Source", who: str, asked: str) -> Any:
    """Return the answer as JSON: who, asked, and the chain with file and line where facts came from files."""
    from sekisho.decide.decision import chain_to_json
    from sekisho.review.source import with_lines

    body: Any = with_lines(chain_to_json(chain), source.line_of)
    return {"who": who, "asked": asked, **body}


def sets_document(found: Any, source: "Source") -> Any:
    """Return an answer about sets of resources as JSON."""
    from sekisho.decide.decision import step_to_json
    from sekisho.review.source import with_lines

    types = [
        {
            "type": one.type,
            "among": one.universe,
            "tooManyPatterns": one.too_many,
            "sets": [
                {
                    "outcome": str(each.answer.outcome),
                    "resources": [shape.text for shape in each.includes],
                    "except": [shape.text for shape in each.excepts],
                    "needs": list(each.answer.needs),
                    "by": [with_lines(step_to_json(step), source.line_of) for step in each.answer.by],
                }
                for each in one.sets
            ],
        }
        for one in found.types
    ]
    return {"action": found.action, "outcome": str(found.outcome), "partly": found.is_partial, "types": types}


def is_sets(document: Any) -> bool:
    """Tell whether an answer is about sets of resources."""
    return "types" in document

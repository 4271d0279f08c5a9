"""An error in AWS's words, before a protocol gives it bytes."""

from dataclasses import dataclass

from sekisho.decide.decision import Step


@dataclass(frozen=True, slots=True)
class AwsError:
    """Error code, HTTP status and message; ``details`` are further elements, which only S3 sends."""

    code: str
    http_status: int
    message: str
    details: tuple[tuple[str, str], ...] = ()


def filled(template: str, step: Step) -> str:
    """Return ``template`` with the facts of ``step`` in the places of their names."""
    return template.format_map(dict(step.facts))

"""Refusals as decisions: the step that says why, before what the policies found."""

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Repair, Step
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.parameters import message_of
from sekisho.decide.sts.session import Session
from sekisho.decide.values import Ref

Refusal = Decision[Session]
"""A decision that does not allow; its first decisive step has a code of `StsCode`."""


def refused(
    code: StsCode,
    at: Ref,
    *facts: tuple[str, str],
    nearest: tuple[Step, ...] = (),
    repairs: tuple[Repair, ...] = (),
) -> Refusal:
    """Return a DENY for one reason."""
    step = Step(code, at, facts)
    return Decision(Outcome.DENY, (step,), (step,), nearest=nearest, repairs=repairs)


def invalid(operation: str, found: tuple[str, ...]) -> Refusal | None:
    """Return the refusal of parameters that fail constraints; None if there is nothing to say."""
    if not found:
        return None
    return refused(StsCode.PARAMETER, Ref(operation), ("message", message_of(found)))


def because(step: Step, found: Decision[None]) -> Refusal:
    """Return ``found`` as a refusal that begins with ``step``; outcome, reasons and repairs stay."""
    return Decision(
        found.outcome,
        (step, *found.decisive),
        (*found.trace, step),
        nearest=found.nearest,
        repairs=found.repairs,
    )


def granted(session: Session, found: tuple[Step, ...] = ()) -> Decision[Session]:
    """Return the ALLOW that carries ``session``; ``found`` are the statements that allowed it."""
    facts = (("session", str(session.principal.arn)), ("expires", str(session.expires)))
    step = Step(StsCode.GRANTED, Ref(str(session.principal.entity)), facts)
    return Decision(Outcome.ALLOW, (*found, step), (*found, step), session)


def first_code(decision: Decision[object]) -> ReasonCode:
    """Return the code that says why ``decision`` refuses.

    Raises:
        ValueError: it allows, or says nothing.
    """
    if decision.allowed or not decision.decisive:
        raise ValueError("only a refusal is worded as an error")
    return decision.decisive[0].code

"""A check that failed, on its way out of the rules: never seen outside of this room."""

from sekisho.decide.authn.oidc.code import OidcCode, OidcFix
from sekisho.decide.authn.oidc.model import setting
from sekisho.decide.decision import Repair, Step
from sekisho.decide.values import Json, Ref, documents

TOKEN = Ref("token")
CLAIMS = TOKEN.child("claims")

MAX_SHOWN = 200


class RefusedError(Exception):
    """Carries the step, what lies behind it, and what would help."""

    def __init__(self, step: Step, *repairs: Repair, because: tuple[Step, ...] = ()) -> None:
        super().__init__(step.code)
        self.step = step
        self.repairs = repairs
        self.because = because


def refused(code: OidcCode, at: Ref, *repairs: Repair, **facts: str) -> RefusedError:
    """Return the error of one failed check."""
    return RefusedError(Step(code, at, tuple(facts.items())), *repairs)


def fix(code: OidcFix, at: Ref | None = None, **facts: str) -> Repair:
    """Return a repair; ``at`` is the setting that it is about."""
    named = (("setting", setting(at)),) if at is not None else ()
    return Repair(code, (*named, *facts.items()))


def wrong_type(claim: str, value: Json, expected: str, *repairs: Repair) -> RefusedError:
    """Return the error of a claim of the wrong type."""
    return refused(
        OidcCode.CLAIM_TYPE, CLAIMS.child(claim), *repairs, claim=claim, value=shown(value), expected=expected
    )


def shown(value: Json) -> str:
    """Return a claim's value as a refusal shows it: its JSON, cut, of containers what they hold at most."""
    text = documents.to_json(value).decode()
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."

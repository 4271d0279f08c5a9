"""One condition: an operator, a key and the values that it asks for.

Several operators and keys are joined by AND (the statement does that), several values of
one key by OR, for negated operators by NOR (IAM User Guide, "Conditions with multiple
context keys or values").
"""

from dataclasses import dataclass, field

from sekisho.decide.iam.conditions.booleans import read_boolean
from sekisho.decide.iam.conditions.comparison import Comparison, Fits, literals
from sekisho.decide.iam.conditions.operators import Operator, Quantifier
from sekisho.decide.iam.kleene import Truth, all_of, any_of, negate
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import Context
from sekisho.decide.values import Ref


@dataclass(frozen=True, slots=True)
class Condition:
    """``{operator_name: {key: values}}``, compiled. ``values`` is never empty; ``key`` is as written."""

    at: Ref
    operator_name: str
    operator: Operator
    key: str
    values: tuple[Template, ...]
    _lowered: str = field(init=False, repr=False, compare=False)
    _fixed: Fits | None = field(init=False, repr=False, compare=False, default=None)
    _is_readable: bool = field(init=False, repr=False, compare=False, default=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lowered", self.key.lower())
        comparison = self.operator.comparison
        if comparison is None or any(value.variables for value in self.values):
            return
        readable = all(comparison.reads(text) for text in literals(self.values))
        object.__setattr__(self, "_fixed", comparison.compile(self.values))
        object.__setattr__(self, "_is_readable", readable)

    def holds(self, context: Context) -> Truth:
        """Tell whether the condition holds; None if that hangs on an unread key.

        A missing key makes a positive operator false and a negated one true,
        ``...IfExists`` and ``ForAllValues`` true and ``ForAnyValue`` false.
        """
        if context.unread and context.is_unread(self._lowered):
            return None
        actual = context.present.get(self._lowered)
        operator = self.operator
        comparison = operator.comparison
        if comparison is None:
            return any(read_boolean(text) is (actual is None) for text in literals(self.values))
        if actual is None:
            return self._without_key(comparison)
        if operator.quantifier is Quantifier.ONE:
            # A single-valued operator does not know what to do with several values.
            return self._fits(comparison, actual, context) if isinstance(actual, str) else False
        values = (actual,) if isinstance(actual, str) else actual
        truths = (self._fits(comparison, value, context) for value in values)
        return all_of(truths) if operator.quantifier is Quantifier.ALL else any_of(truths)

    def unread_keys(self, context: Context) -> tuple[str, ...]:
        """Return the keys, its own or those of variables, that are unread, sorted."""
        keys = {self._lowered, *(variable.key for value in self.values for variable in value.variables)}
        return tuple(sorted(key for key in keys if context.is_unread(key)))

    def _without_key(self, comparison: Comparison) -> bool:
        if self.operator.if_exists:
            return True
        if self.operator.quantifier is Quantifier.ONE:
            return comparison.negated
        return self.operator.quantifier is Quantifier.ALL

    def _fits(self, comparison: Comparison, actual: str, context: Context) -> Truth:
        if self._fixed is not None:
            fixed = self._fixed(actual)
            # "Not equal to something that is no number" must not turn into "always".
            if fixed is None or (comparison.negated and not self._is_readable):
                return False
            return fixed is not comparison.negated
        # INVARIANT: only a family that fills variables in has values with variables.
        fits_filled_in = comparison.fits_filled_in
        assert fits_filled_in is not None  # noqa: S101 - states the invariant to the type checker
        fits = any_of(fits_filled_in(value, actual, context) for value in self.values)
        return negate(fits) if comparison.negated else fits

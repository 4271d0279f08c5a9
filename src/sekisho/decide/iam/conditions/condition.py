"""One condition: an operator, a key and the values that it asks for.

Several operators and keys are joined by AND (the statement does that), several values of
one key by OR, for negated operators by NOR (IAM User Guide, "Conditions with multiple
context keys or values").
"""

from dataclasses import dataclass

from sekisho.decide.iam.conditions.booleans import read_boolean
from sekisho.decide.iam.conditions.comparison import Comparison
from sekisho.decide.iam.conditions.operators import Operator, Quantifier
from sekisho.decide.iam.kleene import Truth, all_of, any_of, negate
from sekisho.decide.iam.template import Template, Unresolved
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

    def holds(self, context: Context) -> Truth:
        """Tell whether the condition holds; None if that hangs on an unread key.

        A missing key makes a positive operator false and a negated one true,
        ``...IfExists`` and ``ForAllValues`` true and ``ForAnyValue`` false.
        """
        if context.is_unread(self.key):
            return None
        actual = context.value(self.key)
        comparison = self.operator.comparison
        if comparison is None:
            return self._is_absent_as_asked(absent=actual is None, context=context)
        if actual is None:
            return self._without_key(comparison)
        if self.operator.quantifier is Quantifier.ONE:
            # A single-valued operator does not know what to do with several values.
            return self._fits(comparison, actual, context) if isinstance(actual, str) else False
        values = (actual,) if isinstance(actual, str) else actual
        truths = (self._fits(comparison, value, context) for value in values)
        return all_of(truths) if self.operator.quantifier is Quantifier.ALL else any_of(truths)

    def unread_keys(self, context: Context) -> tuple[str, ...]:
        """Return the keys, its own or those of variables, that are unread, sorted."""
        keys = {self.key.lower(), *(variable.key for value in self.values for variable in value.variables)}
        return tuple(sorted(key for key in keys if context.is_unread(key)))

    def _is_absent_as_asked(self, *, absent: bool, context: Context) -> bool:
        texts = (value.text(context) for value in self.values)
        return any(not isinstance(text, Unresolved) and read_boolean(text) is absent for text in texts)

    def _without_key(self, comparison: Comparison) -> bool:
        if self.operator.if_exists:
            return True
        if self.operator.quantifier is Quantifier.ONE:
            return comparison.negated
        return self.operator.quantifier is Quantifier.ALL

    def _fits(self, comparison: Comparison, actual: str, context: Context) -> Truth:
        if not comparison.reads(actual):
            return False
        if comparison.negated and not all(
            self._is_readable(comparison, value, context) for value in self.values
        ):
            # "Not equal to something that is no number" must not turn into "always".
            return False
        fits = any_of(comparison.fits(value, actual, context) for value in self.values)
        return negate(fits) if comparison.negated else fits

    @staticmethod
    def _is_readable(comparison: Comparison, value: Template, context: Context) -> bool:
        text = value.text(context)
        return isinstance(text, Unresolved) or comparison.reads(text)

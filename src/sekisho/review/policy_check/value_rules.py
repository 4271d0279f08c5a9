"""Values of conditions that can never match, and policy variables that stand for nothing.

Source: IAM User Guide, "IAM policy elements: Variables and tags" and "Condition operators".
"""

import base64
import ipaddress
from collections.abc import Iterator

from sekisho.decide.iam import Policy
from sekisho.decide.iam.conditions import Condition
from sekisho.decide.iam.grammar import VERSION_WITH_VARIABLES
from sekisho.decide.iam.statement import ARN_SECTIONS, Statement
from sekisho.decide.iam.template import Template
from sekisho.decide.values import Ref
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found
from sekisho.review.policy_check.key_rules import is_claim, operator_family
from sekisho.review.policy_check.reference import Reference

_EXPECTED = {
    "Numeric": "a number",
    "Date": "a date",
    "Bool": "`true` or `false`",
    "Binary": "base64",
    "Arn": "an ARN",
    "Ip": "an address or a network",
}


def check_values(policy: Policy, statement: Statement, reference: Reference) -> Iterator[Finding]:
    """Yield findings about the values of conditions and about variables."""
    for condition in statement.conditions:
        for index, value in enumerate(condition.values):
            at = condition.at if len(condition.values) == 1 else condition.at.child(index)
            yield from _value(condition, value, at)
            yield from _variables(policy, value, at, reference)
    for resource in statement.resources:
        sections = [variable for section in resource.sections for variable in section.variables]
        yield from _names((variable.key for variable in sections), resource.at, reference)
        yield from _old_version(policy, resource.text, resource.at)


def _value(condition: Condition, value: Template, at: Ref) -> Iterator[Finding]:
    family = operator_family(condition)
    name, text = condition.operator_name, value.source
    if family == "String":
        if "equals" in name.lower():
            wild = any(isinstance(part, str) and ("*" in part or "?" in part) for part in value.parts)
            if wild:
                hint = f"write `{_like(name)}`"
                yield found(PolicyCode.WILDCARD_IN_EQUALS, at, hint, operator=name, value=text)
        return
    expected = _EXPECTED.get(family, _EXPECTED["Bool"])
    if not _is_readable(condition, family, value):
        hint = ""
        if family == "Arn" and text == "*":
            hint = "a lone `*` is no ARN; ask with `Null` whether the key is there"
        yield found(PolicyCode.VALUE_FORM, at, hint, operator=name, value=text, family=expected)


def _is_readable(condition: Condition, family: str, value: Template) -> bool:
    text, comparison = value.source, condition.operator.comparison
    if comparison is None:
        return text.lower() in ("true", "false") or bool(value.variables)
    if family == "Arn":
        return bool(value.variables) or (
            text.startswith(("arn:", "*:")) and text.count(":") >= ARN_SECTIONS - 1
        )
    if family == "Ip":
        return _is_network(text)
    if family == "Binary":
        return _is_base64(text)
    return comparison.reads(text)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _like(name: str) -> str:
    lowered = name.lower()
    negated = "StringNotLike" if "not" in lowered else "StringLike"
    prefix = f"{name.rpartition(':')[0]}:" if ":" in name else ""
    return f"{prefix}{negated}{'IfExists' if lowered.endswith('ifexists') else ''}"


def _variables(policy: Policy, value: Template, at: Ref, reference: Reference) -> Iterator[Finding]:
    yield from _names((variable.key for variable in value.variables), at, reference)
    yield from _old_version(policy, "".join(part for part in value.parts if isinstance(part, str)), at)


def _names(names: Iterator[str], at: Ref, reference: Reference) -> Iterator[Finding]:
    for name in names:
        type_ = reference.key_type(name)
        if type_.startswith("ArrayOf"):
            yield found(PolicyCode.MULTIVALUED_VARIABLE, at, name=name)
        elif not type_ and not is_claim(name):
            near = reference.nearest_key(name)
            hint = f"did you mean `${{{near}}}`" if near else "without such a key the text matches nothing"
            yield found(PolicyCode.UNKNOWN_VARIABLE, at, hint, name=name)


def _old_version(policy: Policy, text: str, at: Ref) -> Iterator[Finding]:
    if policy.version != VERSION_WITH_VARIABLES and "${" in text:
        hint = f'write `"Version": "{VERSION_WITH_VARIABLES}"`'
        yield found(PolicyCode.VARIABLE_AS_TEXT, at, hint, value=text)

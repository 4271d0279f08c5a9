"""The Principal or NotPrincipal of a statement, read strictly.

Source: IAM User Guide, "AWS JSON policy elements: Principal". A wildcard stands for everyone and never
for a part of a name; groups are no principals.
"""

import re
from collections.abc import Mapping

from sekisho.decide.iam.faults import MAX_SHOWN, Faults, read_texts
from sekisho.decide.iam.grammar import FaultCode
from sekisho.decide.iam.principals import EVERYONE, PrincipalKind, PrincipalName, Principals
from sekisho.decide.values import Arn, Json, Ref

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}", re.ASCII)
_OTHER_NAME = re.compile(r"[!-)+-~]+", re.ASCII)
_IAM = re.compile(r"root|(user|role)/[^*?]+")
_STS = re.compile(r"assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?/]+")
_KINDS = {str(kind): kind for kind in PrincipalKind}

UniqueIds = Mapping[str, str]
"""The unique ids that user and role ARNs of a document stood for when it was saved."""


def read_principals(value: Json, at: Ref, faults: Faults, unique_ids: UniqueIds) -> Principals:
    """Return the names that a Principal element at ``at`` lists; what is malformed is noted."""
    negated = at.tokens()[-1] == "NotPrincipal"
    if value == EVERYONE:
        return Principals(at, (PrincipalName(PrincipalKind.AWS, EVERYONE, at),), negated)
    if not isinstance(value, Mapping):
        problem = "expected `*` or an object with `AWS`, `Service` or `Federated`"
        faults.add(FaultCode.PRINCIPAL_FORM, at, problem)
        return Principals(at, (), negated)
    if not value:
        faults.add(FaultCode.EMPTY_LIST, at, "expected at least one principal")
    names: list[PrincipalName] = []
    for member, listed in value.items():
        place = at.child(member)
        kind = _KINDS.get(member)
        if kind is None:
            known = ", ".join(f"`{name}`" for name in _KINDS)
            problem = f"`{member[:MAX_SHOWN]}` is not a kind of principal"
            faults.add(FaultCode.PRINCIPAL_FORM, place, problem, f"kinds are {known}")
            continue
        for text, where in read_texts(listed, place, faults):
            names.append(_name(kind, text, where, faults, unique_ids))
    return Principals(at, tuple(names), negated)


def _name(kind: PrincipalKind, text: str, at: Ref, faults: Faults, unique_ids: UniqueIds) -> PrincipalName:
    if kind is not PrincipalKind.AWS:
        if text != EVERYONE and not _OTHER_NAME.fullmatch(text):
            faults.add(FaultCode.PRINCIPAL_FORM, at, f"`{text[:MAX_SHOWN]}` names no {kind} principal")
        return PrincipalName(kind, text, at)
    if text == EVERYONE or _ACCOUNT.fullmatch(text) or _UNIQUE_ID.fullmatch(text):
        return PrincipalName(kind, text, at)
    arn = _principal_arn(text)
    if arn is None:
        faults.add(
            FaultCode.PRINCIPAL_FORM,
            at,
            f"`{text[:MAX_SHOWN]}` names no AWS principal",
            "expected an account id, `*`, or the ARN of an account's root, a user, a role or a session; "
            "wildcards inside a name are not possible",
        )
    return PrincipalName(kind, text, at, arn, unique_ids.get(text, ""))


def _principal_arn(text: str) -> Arn | None:
    try:
        arn = Arn.parse(text)
    except ValueError:
        return None
    form = {"iam": _IAM, "sts": _STS}.get(arn.service)
    if form is None or arn.region or not _ACCOUNT.fullmatch(arn.account):
        return None
    return arn if form.fullmatch(arn.resource) else None

"""Trust policies: whose tokens they take, and whether the principals can make the calls.

Sources: IAM User Guide, "Create a role for OpenID Connect federation"; Amazon EKS User Guide, "Assign IAM
roles to Kubernetes service accounts" and "Pod Identity".
"""

from collections.abc import Iterator

from sekisho.decide.iam import Effect, Policy, PolicyKind, Statement
from sekisho.decide.iam.conditions import Condition
from sekisho.decide.iam.principals import PrincipalKind, PrincipalName
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found
from sekisho.review.policy_check.key_rules import is_claim

_WEB_IDENTITY, _SAML = "sts:assumerolewithwebidentity", "sts:assumerolewithsaml"
_ASSUME, _TAG = "sts:assumerole", "sts:tagsession"
_BESIDES = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"})
_PODS = "pods.eks.amazonaws.com"
_SCHEMES = ("https://", "http://")
_PUBLIC = (
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "agent.buildkite.com",
    "app.terraform.io",
    "oidc.circleci.com",
    "accounts.google.com",
)
"""Providers at which anybody may register and get tokens."""
_AUDIENCE = {"graph.facebook.com": "app_id", "www.amazon.com": "app_id"}
_SUBJECT = {
    "graph.facebook.com": ("id",),
    "www.amazon.com": ("user_id",),
    "cognito-identity.amazonaws.com": ("sub", "amr"),
}


def check_federation(policy: Policy, statement: Statement) -> Iterator[Finding]:
    """Yield findings about the principals and the token claims of a trust policy's statement."""
    if policy.kind is not PolicyKind.TRUST or statement.principals is None or statement.principals.negated:
        return
    federated = [name for name in statement.principals.names if name.kind is PrincipalKind.FEDERATED]
    for name in statement.principals.names:
        yield from _can_call(statement, name)
    yield from _pod_identity(policy, statement)
    providers = {
        _issuer(name.text): name
        for name in federated
        if ":saml-provider/" not in name.text and name.text != "*"
    }
    for name in federated:
        if "https://" in name.text or "http://" in name.text:
            yield found(PolicyCode.PROVIDER_HTTPS, name.at, "leave the scheme out", provider=name.text)
    yield from _keys(statement, providers)
    if statement.effect is Effect.ALLOW and _has(statement, _WEB_IDENTITY):
        for issuer, name in providers.items():
            yield from _claims(statement, issuer, name)


def _issuer(provider: str) -> str:
    """Return what the keys of a provider start with: its URL without the scheme."""
    text = provider.partition(":oidc-provider/")[2] or provider
    for scheme in _SCHEMES:
        text = text.removeprefix(scheme)
    return text


def _has(statement: Statement, action: str) -> bool:
    return any(pattern.matches(action) for pattern in statement.actions)


def _can_call(statement: Statement, name: PrincipalName) -> Iterator[Finding]:
    if name.kind is PrincipalKind.FEDERATED and name.text != "*":
        call = _SAML if ":saml-provider/" in name.text else _WEB_IDENTITY
    elif name.kind is PrincipalKind.SERVICE:
        call = _ASSUME
    else:
        return
    besides = any(_has(statement, action) for action in _BESIDES)
    if not besides and not _has(statement, call):
        spelled = {_SAML: "sts:AssumeRoleWithSAML", _WEB_IDENTITY: "sts:AssumeRoleWithWebIdentity"}
        hint = f"it calls `{spelled.get(call, 'sts:AssumeRole')}`"
        yield found(PolicyCode.PRINCIPAL_ACTION, name.at, hint, principal=name.text)


def _pod_identity(policy: Policy, statement: Statement) -> Iterator[Finding]:
    if statement.effect is not Effect.ALLOW or not _trusts_pods(statement):
        return
    trusting = [one for one in policy.statements if one.effect is Effect.ALLOW and _trusts_pods(one)]
    for action, spelled in ((_ASSUME, "sts:AssumeRole"), (_TAG, "sts:TagSession")):
        if statement is trusting[0] and not any(_has(one, action) for one in trusting):
            yield found(PolicyCode.POD_IDENTITY, statement.action_at, f"add `{spelled}`", action=spelled)


def _trusts_pods(statement: Statement) -> bool:
    principals = statement.principals
    return principals is not None and any(
        name.kind is PrincipalKind.SERVICE and name.text == _PODS for name in principals.names
    )


def _keys(statement: Statement, providers: dict[str, PrincipalName]) -> Iterator[Finding]:
    for condition in statement.conditions:
        key = condition.key.lower()
        if not is_claim(key) or key.startswith("saml:"):
            continue
        if key.startswith(_SCHEMES):
            bare = condition.key.partition("://")[2]
            yield found(PolicyCode.KEY_HTTPS, condition.at, f"write `{bare}`", key=condition.key)
        elif providers and not any(key.startswith(f"{issuer.lower()}:") for issuer in providers):
            claim = condition.key.rpartition(":")[2]
            hint = f"write `{next(iter(providers))}:{claim}`"
            yield found(PolicyCode.OTHER_PROVIDER, condition.at, hint, key=condition.key)


def _claims(statement: Statement, issuer: str, name: PrincipalName) -> Iterator[Finding]:
    audience = f"{issuer}:{_AUDIENCE.get(issuer, 'aud')}"
    if not any(_limits(condition, audience) for condition in statement.conditions):
        yield found(PolicyCode.NO_AUDIENCE, name.at, f"ask for `{audience}`", provider=issuer)
    subjects = [f"{issuer}:{claim}" for claim in _SUBJECT.get(issuer, ("sub",))]
    asking = [
        condition
        for condition in statement.conditions
        if any(_limits(condition, subject) for subject in subjects)
    ]
    if not asking:
        public = any(issuer.lower() == host or issuer.lower().startswith(f"{host}/") for host in _PUBLIC)
        code = PolicyCode.PUBLIC_PROVIDER if public else PolicyCode.NO_SUBJECT
        yield found(code, name.at, f"ask for `{subjects[0]}`", provider=issuer)
        return
    if all(any(_is_wide(value.source) for value in condition.values) for condition in asking):
        for condition in asking:
            wide = next(value.source for value in condition.values if _is_wide(value.source))
            yield found(PolicyCode.WIDE_SUBJECT, condition.at, provider=issuer, value=wide)


def _limits(condition: Condition, key: str) -> bool:
    """Tell whether a token without the claim, or with any other value, is kept out."""
    asked = condition.key.lower().rpartition("://")[2]  # a scheme that is too much has a finding of its own
    return asked == key.lower() and _is_positive(condition) and not condition.operator.if_exists


def _is_positive(condition: Condition) -> bool:
    comparison = condition.operator.comparison
    return (
        comparison is not None and not comparison.negated and condition.operator.quantifier != "ForAllValues"
    )


def _is_wide(value: str) -> bool:
    """Tell whether a subject leaves open whose it is.

    ``repo:org/*`` and ``system:serviceaccount:ns:*`` say which organization and namespace; ``*``, ``repo:*``
    and ``system:serviceaccount:*:name`` do not.
    """
    head = value.partition("*")[0]
    if "*" not in value:
        return False
    if head.startswith("system:serviceaccount:"):
        return head == "system:serviceaccount:"
    return head in ("", "repo:", "project_path:", "organization:", "system:", "org/")

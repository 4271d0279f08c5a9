"""What a user may do in a namespace: the answer of a SelfSubjectRulesReview, and what `cover` compares."""

from dataclasses import dataclass

from sekisho.decide.decision import Step
from sekisho.decide.rbac.examine import Code
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import Rule
from sekisho.decide.values import KubeUser


@dataclass(frozen=True, slots=True)
class SubjectRules:
    """The rules that reach a user in one namespace, in the order they are found.

    ``errors`` are the bindings that grant nothing because their role cannot be resolved.
    """

    rules: tuple[Rule, ...]
    errors: tuple[Step, ...]

    @property
    def resource_rules(self) -> tuple[Rule, ...]:
        """The rules about resources (``status.resourceRules``)."""
        return tuple(rule for rule in self.rules if rule.resources)

    @property
    def url_rules(self) -> tuple[Rule, ...]:
        """The rules about URLs (``status.nonResourceRules``).

        Those that come by a RoleBinding are listed too, as kube-apiserver does, though they allow nothing.
        """
        return tuple(rule for rule in self.rules if rule.urls)


def rules_for(user: KubeUser, namespace: str, index: Index) -> SubjectRules:
    """Return the rules bound to the user cluster-wide and in ``namespace`` (``""``: cluster-wide only).

    Total. Says nothing about other authorizers: the membership of ``system:masters``, the Node
    authorizer and EKS access policies are not RBAC rules (kubernetes ``rbac/rbac.go``, RulesFor).
    """
    rules: list[Rule] = []
    errors: list[Step] = []
    for binding in dict.fromkeys(grant.binding for grant in index.grants_for(user, namespace)):
        role = index.role_of(binding)
        if role is not None:
            rules += role.rules
            continue
        code = Code.ROLE_UNSUPPORTED if binding.role_key is None else Code.ROLE_MISSING
        facts = (("binding", str(binding)), ("role", str(binding.role)))
        errors.append(Step(code, binding.at.child("roleRef"), facts))
    return SubjectRules(tuple(rules), tuple(errors))

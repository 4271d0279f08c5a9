"""ValidatingAdmissionPolicies in the lab and in a real kube-apiserver: judged alike, and judging alike."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sekisho.testing import running_lab
from support.both_clusters import Both, both_clusters
from support.checkpoint import waited

GROUP = "/apis/admissionregistration.k8s.io/v1"
POLICIES = f"{GROUP}/validatingadmissionpolicies"
BINDINGS = f"{GROUP}/validatingadmissionpolicybindings"
ACCOUNTS = "/api/v1/namespaces/guarded/serviceaccounts"
ROLE = "eks.amazonaws.com/role-arn"
RULES = [
    {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["serviceaccounts"],
    }
]
MISSING = "object.missing == 1"
FALSE = [{"expression": "false"}]
ONE_ROLE = f"object.metadata.?annotations['{ROLE}'].orValue('').startsWith('arn:aws:iam::111122223333:role/')"

JUDGING: dict[str, dict[str, Any]] = {
    "plain": {"validations": [{"expression": " !has(object.metadata.annotations) "}]},
    "role": {
        "validations": [{"expression": ONE_ROLE, "message": "a role of our account", "reason": "Forbidden"}]
    },
    "message-expression": {
        "validations": [
            {"expression": "false", "message": "unused", "messageExpression": "'no ' + object.metadata.name"}
        ]
    },
    "message-without-value": {
        "validations": [
            {"expression": "false", "message": "told", "messageExpression": "string(object.missing)"}
        ]
    },
    "message-of-two-lines": {"validations": [{"expression": "false", "messageExpression": "'a\\nb'"}]},
    "too-large": {"validations": [{"expression": "false", "reason": "RequestEntityTooLarge"}]},
    "no-value": {"validations": [{"expression": MISSING}]},
    "no-value-ignored": {"failurePolicy": "Ignore", "validations": [{"expression": MISSING}]},
    "variables": {
        "variables": [
            {"name": "all", "expression": "object.metadata.annotations"},
            {"name": "role", "expression": f"string(variables.all['{ROLE}'])"},
        ],
        "validations": [
            {"expression": "variables.role == ''", "messageExpression": "'has ' + variables.role"}
        ],
    },
    "variable-without-value": {
        "variables": [{"name": "a", "expression": "object.missing"}],
        "validations": [{"expression": "variables.a == '2'"}],
    },
    "variable-not-used": {
        "variables": [{"name": "a", "expression": "object.missing"}],
        "validations": FALSE,
    },
    "has-variable": {
        "variables": [{"name": "a", "expression": "object.metadata"}],
        "validations": [{"expression": "has(variables.a.missing)"}],
    },
    "two": {
        "validations": [{"expression": "false", "message": "one"}, {"expression": "false", "message": "2"}]
    },
    "namespace": {
        "validations": [
            {"expression": "false", "messageExpression": "'in ' + string(namespaceObject.metadata.name)"}
        ]
    },
    "condition-without-value": {
        "matchConditions": [{"name": "c", "expression": MISSING}],
        "validations": FALSE,
    },
    "condition-ignored": {
        "failurePolicy": "Ignore",
        "matchConditions": [{"name": "c", "expression": MISSING}],
        "validations": FALSE,
    },
    "condition-false": {"matchConditions": [{"name": "c", "expression": "false"}], "validations": FALSE},
    "authorizer": {
        "validations": [
            {"expression": "!authorizer.group('').resource('serviceaccounts').check('delete').allowed()"}
        ]
    },
    "who": {"validations": [{"expression": "request.userInfo.username.startsWith('system:node:')"}]},
}
BOUND: dict[str, dict[str, Any]] = {
    "audited": {"validationActions": ["Audit"]},
    "elsewhere": {"matchResources": {"namespaceSelector": {"matchLabels": {"at": "elsewhere"}}}},
    "excluded": {"matchResources": {"excludeResourceRules": RULES}},
    "named": {"matchResources": {"resourceRules": [{**RULES[0], "resourceNames": ["other"]}]}},
    "named-so": {"matchResources": {"resourceRules": [{**RULES[0], "resourceNames": ["one"]}]}},
}
"""Bindings of a policy that denies everything."""


WARNING = {"validationActions": ["Warn"]}


def policy(name: str, **spec: Any) -> dict[str, Any]:
    match = {"resourceRules": RULES, "objectSelector": {"matchLabels": {"case": name}}}
    whole = {"matchConstraints": match, "validations": FALSE, **spec}
    return {
        "metadata": {"name": name},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


def binding(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{name}-b"},
        "spec": {"policyName": name, "validationActions": ["Deny"], **spec},
    }


def account(case: str) -> dict[str, Any]:
    annotations = {ROLE: "arn:aws:iam::444455556666:role/app"}
    return {"metadata": {"name": "one", "labels": {"case": case}, "annotations": annotations}}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("policies")
    with running_lab(folder / "state", None, "--pods", "off") as lab, both_clusters(folder, lab) as both:
        both.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "guarded"}})
        for name, spec in {**JUDGING, **{name: {} for name in (*BOUND, "warned", "last")}}.items():
            lab_told, real_told = both.ask("POST", POLICIES, policy(name, **spec))
            assert (lab_told, real_told[0]) == (real_told, 201), name
        bound = {**{name: {} for name in (*JUDGING, "last")}, **BOUND, "warned": WARNING}
        for name, spec in bound.items():
            lab_told, real_told = both.ask("POST", BINDINGS, binding(name, **spec))
            assert (lab_told, real_told[0]) == (real_told, 201), name
        for name in ("last", "named-so"):  # the last of each kind that a real server has to hear of
            waited(
                lambda name=name: (
                    both.real.ask("POST", f"{ACCOUNTS}?dryRun=All", account(name))[0] > 201 or None
                )
            )
        yield both


@pytest.mark.parametrize("case", [*JUDGING, *BOUND, "none"])
def test_a_policy_judges_alike(both: Both, case: str) -> None:
    lab, real = both.ask("POST", f"{ACCOUNTS}?dryRun=All", account(case))
    assert lab == real


def test_a_warning_is_told_alike(both: Both) -> None:
    document = {"apiVersion": "v1", "kind": "ServiceAccount", **account("warned")}
    words = ["create", "--dry-run=server", "-n", "guarded", "-f", "-"]
    lab, real = both.kubectl(words, json.dumps(document))
    assert lab == real
    assert "Validation failed for ValidatingAdmissionPolicy 'warned' with binding 'warned-b'" in real[2]


def test_kubectl_lists_alike(both: Both) -> None:
    for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
        lab, real = both.kubectl(["get", kind])
        assert lab == real
        assert real[0] == 0


def expressions(*texts: str) -> dict[str, Any]:
    return {"validations": [{"expression": text} for text in texts]}


JUDGED: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "no validation": {"validations": None},
    "no constraints": {"matchConstraints": None},
    "no rules": {"matchConstraints": {"resourceRules": []}},
    "expressions": expressions("object.a", " ", "foo", "request.foo == 1", "params == null", "true"),
    "two lines": {"validations": [{"expression": "true", "message": "a\nb"}]},
    "a message that is a number": {"validations": [{"expression": "true", "messageExpression": "1"}]},
    "a reason": {"validations": [{"expression": "true", "reason": "Bad"}]},
    "variables": {
        "variables": [
            {"name": "a", "expression": "object.x"},
            {"name": "b", "expression": "variables.a + variables.c"},
        ],
        **expressions("variables.a == 1", "variables.zz", "has(variables.a)"),
    },
    "no variables": expressions("variables.a == 1"),
    "names of variables": {"variables": [{"name": "a-b", "expression": "1"}, {"name": "", "expression": ""}]},
    "failure policy": {"failurePolicy": "X"},
    "constraints": {
        "matchConstraints": {
            "resourceRules": RULES,
            "matchPolicy": "X",
            "namespaceSelector": {"matchLabels": {"bad key": "x"}},
            "excludeResourceRules": [{}],
        }
    },
    "conditions": {"matchConditions": [{"name": "a", "expression": "foo"}]},
}


@pytest.mark.parametrize("spec", JUDGED.values(), ids=JUDGED.keys())
def test_a_policy_is_judged_alike(both: Both, spec: dict[str, Any]) -> None:
    lab, real = both.ask("POST", f"{POLICIES}?dryRun=All", policy("judged", **spec))
    assert lab == real


BINDINGS_JUDGED: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "no name": {"policyName": ""},
    "a bad name": {"policyName": "A b"},
    "no action": {"validationActions": []},
    "an odd action": {"validationActions": ["X"]},
    "denied and warned": {"validationActions": ["Deny", "Warn"]},
    "twice": {"validationActions": ["Deny", "Deny"]},
    "resources": {"matchResources": {"namespaceSelector": {"matchLabels": {"bad key": "x"}}}},
}


@pytest.mark.parametrize("spec", BINDINGS_JUDGED.values(), ids=BINDINGS_JUDGED.keys())
def test_a_binding_is_judged_alike(both: Both, spec: dict[str, Any]) -> None:
    lab, real = both.ask("POST", f"{BINDINGS}?dryRun=All", binding("judged", **spec))
    assert lab == real


def test_parameters_are_refused(both: Both) -> None:
    for path, body in (
        (POLICIES, policy("judged", paramKind={"apiVersion": "v1", "kind": "ConfigMap"})),
        (BINDINGS, binding("judged", paramRef={"name": "x", "parameterNotFoundAction": "Deny"})),
    ):
        status, told = both.lab.ask("POST", f"{path}?dryRun=All", body)
        assert status == 422
        assert "the lab evaluates policies without parameters" in told["message"]

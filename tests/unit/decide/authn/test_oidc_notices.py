"""Who could name users and groups of Kubernetes itself, or of another issuer."""

from typing import Any

import pytest

from sekisho.decide.authn.oidc.model import setting
from sekisho.decide.authn.oidc.notices import OidcNotice, notices
from support.oidc_build import configured, entry

SAFE = {"username": {"claim": "sub", "prefix": "work:"}}
RULE = {"expression": "!user.username.startsWith('system:') && user.groups.all(g, !g.startsWith('system:'))"}

CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a prefix": ({"mappings": SAFE}, []),
    "no prefix": ({}, ["jwt[0].claimMappings.username.claim"]),
    "a beginning of system:": (
        {"mappings": {"username": {"claim": "sub", "prefix": "sys"}}},
        ["jwt[0].claimMappings.username.claim"],
    ),
    "system: itself": (
        {"mappings": {"username": {"claim": "sub", "prefix": "system:x:"}}},
        ["jwt[0].claimMappings.username.claim"],
    ),
    "groups without a prefix": (
        {"mappings": {**SAFE, "groups": {"claim": "g", "prefix": ""}}},
        ["jwt[0].claimMappings.groups.claim"],
    ),
    "groups with one": ({"mappings": {**SAFE, "groups": {"claim": "g", "prefix": "g:"}}}, []),
    "an expression that begins with text": (
        {"mappings": {"username": {"expression": "'work:' + claims.sub"}}},
        [],
    ),
    "an expression that does not": (
        {"mappings": {"username": {"expression": "claims.sub"}}},
        ["jwt[0].claimMappings.username.expression"],
    ),
    "a rule over the user": (
        {"mappings": {"groups": {"claim": "g", "prefix": ""}}, "userValidationRules": [RULE]},
        [],
    ),
    "a rule about something else": (
        {"userValidationRules": [{"expression": "user.username != 'x'"}]},
        ["jwt[0].claimMappings.username.claim"],
    ),
}


@pytest.mark.parametrize(("settings", "places"), CASES.values(), ids=CASES.keys())
def test_names_of_kubernetes_itself(settings: dict[str, Any], places: list[str]) -> None:
    found = notices(configured(entry(**settings)))
    assert [(step.code, setting(step.at)) for step in found] == [
        (OidcNotice.SYSTEM_NAME, place) for place in places
    ]


def test_two_issuers_with_one_prefix_can_name_each_other_s_users() -> None:
    other = {"issuer": {"url": "https://two.example"}}
    found = notices(configured(entry(SAFE), entry(SAFE, **other)))
    assert [step.code for step in found] == [OidcNotice.SHARED_NAMES]
    assert "https://two.example can name users of https://id.example.com" in found[0].sentence()
    apart = {"username": {"expression": "'two:' + claims.sub"}}
    assert notices(configured(entry(SAFE), entry(apart, **other))) == ()

"""KUBERNETES_EXEC_INFO: one row per content a client has been seen to send, and the answer's text."""

import json

import pytest

from sekisho.connect.exec_credential import (
    V1,
    V1ALPHA1,
    V1BETA1,
    BearerToken,
    asked_version,
    exec_credential,
    render_json,
)
from sekisho.decide.values import Instant, Secret

CASES = {
    "unset": ("", V1BETA1, False),
    "not JSON": ("{", V1BETA1, True),
    "v1": (json.dumps({"apiVersion": V1}), V1, False),
    "v1beta1": (json.dumps({"apiVersion": V1BETA1}), V1BETA1, False),
    "v1alpha1 is echoed with a word of warning": (json.dumps({"apiVersion": V1ALPHA1}), V1ALPHA1, True),
    "unknown version": (json.dumps({"apiVersion": "client.authentication.k8s.io/v2"}), V1BETA1, True),
    "no version": ("{}", V1BETA1, True),
    "a version that is no text": ('{"apiVersion": ["v1"]}', V1BETA1, True),
    "a list is no object": ("[]", V1BETA1, True),
    "a number is no object": ("1", V1BETA1, True),
    "null is no object": ("null", V1BETA1, True),
    "nested beyond reason": ("[" * 200_000, V1BETA1, True),
}


@pytest.mark.parametrize(("exec_info", "version", "has_note"), CASES.values(), ids=CASES.keys())
def test_version_to_answer_in(exec_info: str, version: str, has_note: bool) -> None:
    asked = asked_version(exec_info)
    assert asked.api_version == version
    assert bool(asked.note) is has_note


def test_text_is_that_of_the_aws_command_line() -> None:
    token = BearerToken(Secret("k8s-aws-v1.abc"), Instant.parse_amz("20260131T091400Z"))
    assert render_json(exec_credential(token, V1BETA1)) == (
        "{\n"
        '    "kind": "ExecCredential",\n'
        '    "apiVersion": "client.authentication.k8s.io/v1beta1",\n'
        '    "spec": {},\n'
        '    "status": {\n'
        '        "expirationTimestamp": "2026-01-31T09:14:00Z",\n'
        '        "token": "k8s-aws-v1.abc"\n'
        "    }\n"
        "}\n\n"
    )


def test_a_token_does_not_print_itself() -> None:
    assert "abc" not in repr(BearerToken(Secret("k8s-aws-v1.abc"), Instant.parse_amz("20260131T091400Z")))

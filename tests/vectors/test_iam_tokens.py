"""IAM token vectors: one token, one STS answer, one mapping configuration -> user or refusal.

Where a case has an acceptable alternative, that is the better behaviour and the one wanted here.
"""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sekisho.decide.authn.aws_auth import CONFIG_MAP, parse
from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.backend_file import load_custom_resources, load_lists
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.iam_token import TokenServer, plan
from sekisho.decide.authn.mapping import resolve, wanted_instance
from sekisho.decide.authn.mapping_code import MappingCode
from sekisho.decide.authn.sts_answer import StsAnswer, StsCode, conclude
from sekisho.decide.decision import Outcome
from sekisho.decide.values import Instant, Ref, SekishoInputError
from sekisho.wire.sts_endpoints import load_sts_endpoints

DATA = json.loads((Path(__file__).parent / "data/authn/iam_tokens.json").read_text())
DEFAULTS = DATA["defaults"]
NOW = Instant.parse_rfc3339("2026-05-06T07:08:09Z")

CASE_KEYS = {"name", "token", "server", "sts", "mapping", "expect", "acceptable_alternatives", "note", "tags"}
TOKEN_KEYS = {
    *("raw", "raw_payload_hex", "prefix", "scheme", "userinfo", "host", "path", "fragment"),
    *("date_offset_s", "query_set", "query_drop"),
}
STS_KEYS = {"identity", "status", "json", "body"}
Result = dict[str, Any]


def query_of(token: dict[str, Any]) -> list[tuple[str, str]]:
    moment = NOW + timedelta(seconds=token.get("date_offset_s", 0))
    amz = moment.amz()
    pairs = [
        (name, value.replace("{amzdate}", amz).replace("{yyyymmdd}", amz[:8]))
        for name, value in DEFAULTS["query"]
    ]
    for name, value in token.get("query_set", {}).items():
        if name in dict(pairs):
            pairs = [(old, value if old == name else was) for old, was in pairs]
        else:
            pairs.append((name, value))
    return [pair for pair in pairs if pair[0] not in token.get("query_drop", [])]


def build_token(token: dict[str, Any]) -> str:
    """Follow the steps of the vectors' README, as far as the cases use them."""
    if "raw" in token:
        return str(token["raw"])
    prefix = token.get("prefix", DEFAULTS["prefix"])
    if "raw_payload_hex" in token:
        return str(prefix) + base64.urlsafe_b64encode(
            bytes.fromhex(token["raw_payload_hex"])
        ).decode().rstrip("=")
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query_of(token))
    part = {**DEFAULTS["url"], **token}
    userinfo = f"{part['userinfo']}@" if part["userinfo"] else ""
    fragment = f"#{part['fragment']}" if part["fragment"] else ""
    url = f"{part['scheme']}://{userinfo}{part['host']}{part['path']}?{query}{fragment}"
    return str(prefix) + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def sts_answer(sts: dict[str, Any]) -> StsAnswer:
    if "identity" in sts:
        given = sts["identity"]
        result = {"Account": given["account"], "Arn": given["arn"], "UserId": given["user_id"]}
        envelope = {"GetCallerIdentityResponse": {"GetCallerIdentityResult": result}}
        return StsAnswer(200, json.dumps(envelope).encode())
    body = json.dumps(sts["json"]) if "json" in sts else sts["body"]
    return StsAnswer(sts.get("status", 200), body.encode())


def backend_of(spec: dict[str, Any], server: dict[str, Any]) -> Backend:
    mode = BackendMode(spec["mode"])
    sso = server.get("sso_role_match", False)
    reserved = tuple(spec.get("reserved_prefixes", ()))
    strict = spec.get("user_id_strict", False)
    if mode is BackendMode.CRD:
        specs = [(Ref(f"iamidentitymapping/{i}"), item) for i, item in enumerate(spec["identityMappings"])]
        return load_custom_resources(specs, Ref("iamidentitymappings"), reserved_prefixes=reserved)[0]
    if mode is BackendMode.CONFIG_MAP:
        data = spec.get("aws_auth_data")
        if data is None:
            sections = ("mapRoles", "mapUsers", "mapAccounts")
            data = {name: json.dumps(spec[name]) for name in sections if name in spec}
        auth = parse(data, Rules(Reading.CANONICAL, sso))
        return Backend.from_aws_auth(auth, CONFIG_MAP, user_id_strict=strict, reserved_prefixes=reserved)
    return load_lists(
        mode, spec, Ref("file"), sso_role_match=sso, user_id_strict=strict, reserved_prefixes=reserved
    )[0]


def denied(kind: str, status: int = 403, **more: Any) -> Result:
    return {"outcome": "denied", "error_kind": kind, "webhook_http_status": status, **more}


def run(case: dict[str, Any], *, explain: bool) -> Result:
    server = case.get("server", {})
    # The vectors sign for one region and send to another, which only STS may refuse.
    token_server = TokenServer(
        server.get("cluster_id", DEFAULTS["cluster_id"]),
        load_sts_endpoints(server.get("partition", DEFAULTS["partition"])),
        server.get("server_region", DEFAULTS["server_region"]),
        refuse_foreign_scope=False,
    )
    mapping = case.get("mapping", DEFAULTS["mapping"])
    try:
        backends = [backend_of(spec, server) for spec in mapping["backends"]]
    except SekishoInputError:
        return denied("config_error")
    question = plan(build_token(case["token"]), token_server, NOW)
    if question.value is None:
        return denied("format", sts_must_not_be_called=True)
    expected_headers = {"x-k8s-aws-id": token_server.cluster_id, "Accept": "application/json"}
    assert dict(question.value.headers) == expected_headers
    answer = conclude(question.value, sts_answer(case.get("sts", DEFAULTS["sts"])))
    if answer.value is None:
        code = answer.decisive[0].code
        if code is StsCode.THROTTLED:
            return denied("sts_throttled", 429)
        return denied("sts_error", 503 if code is StsCode.UNAVAILABLE else 403)
    instance = wanted_instance(answer.value, backends)
    names = {instance: server.get("ec2_private_dns", {}).get(instance)} if instance else {}
    scrubbed = frozenset(server.get("scrubbed_accounts", ()))
    decision = resolve(answer.value, backends, names, scrubbed, explain=explain)
    if decision.value is None:
        unmapped = decision.decisive[0].code in (MappingCode.NOT_MAPPED, MappingCode.UNREAD)
        return denied("not_mapped" if unmapped else "mapping_error")
    assert decision.outcome is Outcome.ALLOW
    user = decision.value
    extra = {name: list(values) for name, values in user.extra}
    return {
        "outcome": "authenticated",
        "username": user.name,
        "groups": list(user.groups),
        "uid": user.uid,
        "extra": extra,
    }


def fits(result: Result, wanted: dict[str, Any]) -> bool:
    wanted = dict(wanted)
    subset = wanted.pop("extra_subset", {})
    return all(result.get(key) == value for key, value in wanted.items()) and all(
        result["extra"].get(key) == value for key, value in subset.items()
    )


@pytest.mark.parametrize("explain", [False, True], ids=["decide", "explain"])
@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["name"])
def test_iam_token(case: dict[str, Any], explain: bool) -> None:
    assert set(case) <= CASE_KEYS
    assert set(case["token"]) <= TOKEN_KEYS
    assert set(case.get("sts", {})) <= STS_KEYS
    result = run(case, explain=explain)
    wanted = case.get("acceptable_alternatives") or [case["expect"]]
    assert any(fits(result, candidate) for candidate in wanted), (result, wanted)

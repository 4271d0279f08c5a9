"""Protobuf bodies: what Go encodes decodes to what Go writes as JSON; all other bytes are input errors."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import SekishoInputError
from sekisho.wire.kube import protobuf
from sekisho.wire.kube.conform import conform
from sekisho.wire.kube.schema import load

SCHEMA = load()
DATA = Path(__file__).parents[3] / "wire" / "data" / "kube_protobuf" / "golden.json"
GOLDEN: dict[str, dict[str, Any]] = {case["name"]: case for case in json.loads(DATA.read_text())}


def key(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)


def varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def chunk(number: int, data: bytes) -> bytes:
    return key(number, 2) + varint(len(data)) + data


def envelope(api_version: str, kind: str, raw: bytes, *, encoding: bytes = b"") -> bytes:
    meta = chunk(1, api_version.encode()) + chunk(2, kind.encode())
    return protobuf.MAGIC + chunk(1, meta) + chunk(2, raw) + (chunk(3, encoding) if encoding else b"")


def config_map(raw: bytes) -> dict[str, Any]:
    return dict(protobuf.decode(envelope("v1", "ConfigMap", raw), SCHEMA))


@pytest.mark.parametrize("name", GOLDEN)
def test_go_encoding_decodes_to_go_json(name: str) -> None:
    case = GOLDEN[name]
    decoded = protobuf.decode(b64decode(case["protobuf"]), SCHEMA)
    message = SCHEMA.of_kind(case["json"]["apiVersion"], case["json"]["kind"])
    assert message is not None
    expected = conform(case["json"], message.name, SCHEMA)
    assert expected.unknown == ()
    assert decoded == expected.value


def test_a_zero_behind_a_pointer_is_kept_and_others_vanish() -> None:
    case = protobuf.decode(b64decode(GOLDEN["written deployment with no replicas"]["protobuf"]), SCHEMA)
    spec: Any = case["spec"]
    assert spec["replicas"] == 0
    assert "minReadySeconds" not in spec
    assert spec["template"]["spec"]["automountServiceAccountToken"] is False
    assert spec["template"]["spec"]["volumes"][0] == {"name": "v", "emptyDir": {}}
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": "25%"}


def test_unknown_fields_are_skipped() -> None:
    raw = chunk(1, chunk(1, b"x")) + chunk(900, b"?") + key(901, 0) + varint(5) + key(902, 5) + b"abcd"
    assert config_map(raw) == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}


MALFORMED = {
    "empty": b"",
    "no magic": b'{"kind":"ConfigMap"}',
    "magic alone": protobuf.MAGIC,
    "unknown kind": envelope("v1", "Nothing", b""),
    "content encoding": envelope("v1", "ConfigMap", b"", encoding=b"gzip"),
    "cut within a number": envelope("v1", "ConfigMap", b"\x80"),
    "field number zero": envelope("v1", "ConfigMap", b"\x02\x00"),
    "a group": envelope("v1", "ConfigMap", key(1, 3)),
    "longer than its message": envelope("v1", "ConfigMap", key(1, 2) + varint(9) + b"x"),
    "more than 64 bits": envelope("v1", "ConfigMap", key(5, 0) + b"\xff" * 9 + b"\x7f"),
    "eleven bytes of number": envelope("v1", "ConfigMap", key(5, 0) + b"\x80" * 10 + b"\x01"),
    "message as a number": envelope("v1", "ConfigMap", key(1, 0) + b"\x01"),
    "number as a message": envelope("v1", "ConfigMap", chunk(4, b"")),
    "not UTF-8": envelope("v1", "ConfigMap", chunk(1, chunk(1, b"\xff"))),
    "time out of range": envelope("v1", "ConfigMap", chunk(1, chunk(8, key(1, 0) + varint(1 << 62)))),
    "nanoseconds out of range": envelope(
        "v1", "ConfigMap", chunk(1, chunk(8, key(1, 0) + varint(1) + key(2, 0) + varint(-1)))
    ),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_bodies_are_input_errors(body: bytes) -> None:
    with pytest.raises(SekishoInputError) as raised:
        protobuf.decode(body, SCHEMA)
    assert raised.value.faults[0].code == "protobuf.malformed"


def test_the_number_of_values_is_bounded() -> None:
    finalizers = chunk(14, b"") * protobuf.MAX_VALUES
    with pytest.raises(SekishoInputError, match="more than"):
        config_map(chunk(1, finalizers))


def nested_schema_props(depth: int) -> bytes:
    """A pod with objects nested ``depth`` deep: RawExtension may carry another envelope."""
    body = envelope("v1", "List", b"")
    for _ in range(depth):
        body = envelope("v1", "List", chunk(2, chunk(1, body)))
    return body


def test_the_depth_is_bounded() -> None:
    assert protobuf.decode(nested_schema_props(20), SCHEMA)["kind"] == "List"
    with pytest.raises(SekishoInputError, match="nested deeper"):
        protobuf.decode(nested_schema_props(protobuf.MAX_DEPTH + 1), SCHEMA)


@given(st.binary(max_size=200), st.sampled_from(["ConfigMap", "Pod", "Secret", "Event"]))
def test_no_bytes_crash_the_decoder(raw: bytes, kind: str) -> None:
    try:
        value = protobuf.decode(envelope("v1", kind, raw), SCHEMA)
    except SekishoInputError as error:
        assert error.faults  # noqa: PT017 - either outcome is right, nothing else is
    else:
        assert value["kind"] == kind


@given(st.sampled_from(sorted(GOLDEN)), st.integers(min_value=0), st.integers(0, 255))
def test_a_changed_byte_never_crashes_the_decoder(name: str, place: int, byte: int) -> None:
    body = bytearray(b64decode(GOLDEN[name]["protobuf"]))
    body[place % len(body)] = byte
    try:
        value = protobuf.decode(bytes(body), SCHEMA)
    except SekishoInputError as error:
        assert error.faults  # noqa: PT017 - either outcome is right, nothing else is
    else:
        assert "apiVersion" in value

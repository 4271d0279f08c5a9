"""Key files, the record of what was published, and the documents as files and pages."""

import asyncio
import json
import os
import stat
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sekisho.decide.proof.jws_keys import KeySet, parse_key_set
from sekisho.decide.values import Instant, SekishoInputError
from sekisho.serve.issuer.documents import Issuer, write_documents
from sekisho.serve.issuer.issuer import IssuerDocuments
from sekisho.serve.issuer.key_files import read_keys
from sekisho.serve.issuer.plan import plan, steps
from sekisho.serve.issuer.record import RECORD, published, read_record
from sekisho.wire.http import Request, Response
from sekisho.wire.http.message import Answer

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = Instant.parse_rfc3339("2026-11-24T00:00:00Z")
URL = "https://oidc.example.com/prod"
KEYS = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "small": rsa.generate_private_key(65537, 1024),  # noqa: S505 - it is refused
}
NONSENSE = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n"
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


def public(key: Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(encoding, form).decode())


def private(key: Any) -> str:
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, form, none).decode())


def file(folder: Path, text: str, name: str = "sa.pub") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_keys_of_a_file_in_its_order(tmp_path: Path) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    found = read_keys(file(tmp_path, f"# keys\n{public(KEYS['rsa'])}\n{public(elliptic)}"))
    assert [(key.key_type, key.algorithm) for key in found] == [("RSA", "RS256"), ("EC", "ES256")]
    numbers = elliptic.public_key().public_numbers()
    assert dict(found[1].members)["crv"] == "P-256"
    assert len(dict(found[1].members)["x"]) == 43
    assert numbers.x != numbers.y


@pytest.mark.parametrize("name", CURVES)
def test_coordinates_have_the_length_of_the_curve(tmp_path: Path, name: str) -> None:
    found = read_keys(file(tmp_path, public(ec.generate_private_key(CURVES[name]))))
    length = {"P-256": 43, "P-384": 64, "P-521": 88}[name]
    assert {len(dict(found[0].members)[each]) for each in "xy"} == {length}


REFUSED: Mapping[str, tuple[Callable[[], str], str]] = {
    "nothing": (lambda: "", "expected public keys in PEM"),
    "a private key": (lambda: private(KEYS["rsa"]), "found a private key"),
    "a private key behind a public one": (
        lambda: public(KEYS["rsa"]) + private(KEYS["rsa"]),
        "found a private key",
    ),
    "a small key": (lambda: public(KEYS["small"]), "at least 2048 bits"),
    "another kind": (lambda: public(ed25519.Ed25519PrivateKey.generate()), "expected an RSA key"),
    "another curve": (lambda: public(ec.generate_private_key(ec.SECP256K1())), "expected an RSA key"),
    "nonsense": (
        lambda: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "a public key in PEM",
    ),
    "a certificate": (
        lambda: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "certificate",
    ),
    "too many": (lambda: public(KEYS["rsa"]) * 51, "at most 50"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_key_files(tmp_path: Path, text: str) -> None:
    made, problem = REFUSED[text]
    with pytest.raises(SekishoInputError, match=problem) as told:
        read_keys(file(tmp_path, made()))
    assert "PRIVATE" not in str(told.value)


def present(tmp_path: Path, name: str = "rsa") -> KeySet:
    key = KEYS["rsa"] if name == "rsa" else ec.generate_private_key(ec.SECP256R1())
    return read_keys(file(tmp_path, public(key)))


def test_a_key_stays_in_the_record_until_its_last_token_ended(tmp_path: Path) -> None:
    old, new, folder = present(tmp_path), present(tmp_path, "new"), tmp_path / "state"
    assert [one.key for one in published(folder, old, START, DAY)] == list(old)
    both = published(folder, new + old, START + HOUR, DAY)
    assert [one.published for one in both] == [START + HOUR, START]
    published(folder, new, START + DAY, DAY)
    kept = published(folder, new, START + DAY + DAY + -timedelta(seconds=1), DAY)
    assert [one.key for one in kept] == [*new, *old]
    assert [one.key for one in published(folder, new, START + DAY + DAY, DAY)] == list(new)
    assert [one.key for one in read_record(folder)] == list(new)


@pytest.mark.parametrize("text", ["{}", "[", '{"keys": [{}]}', '{"keys": [{"key": {"kty": "RSA"}}]}', "[1]"])
def test_a_broken_record_is_told_and_kept(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / RECORD).write_text(text)
    with pytest.raises(SekishoInputError):
        published(folder, present(tmp_path), START, DAY)
    assert (folder / RECORD).read_text() == text


def test_files_for_a_bucket(tmp_path: Path) -> None:
    keys = published(tmp_path, present(tmp_path), START, DAY)
    written = write_documents(tmp_path / "bucket", Issuer.parse(URL), keys)
    assert [str(path.relative_to(tmp_path / "bucket")) for path in written] == [
        "keys.json",
        ".well-known/openid-configuration",
    ]
    described = json.loads(written[1].read_text())
    assert (described["issuer"], described["jwks_uri"]) == (URL, f"{URL}/keys.json")
    assert parse_key_set(written[0].read_bytes()) == present(tmp_path)
    assert stat.S_IMODE(written[0].stat().st_mode) == 0o644


@pytest.mark.parametrize("keys", ["", "/keys", "../keys", "a/../b", "a//b", "./a", "k\u00e4"])
def test_a_key_document_is_below_its_issuer(keys: str) -> None:
    with pytest.raises(SekishoInputError, match="a path below the issuer"):
        Issuer.parse(URL, keys)


@pytest.mark.parametrize("keys", [RECORD, ".well-known/openid-configuration"])
def test_a_key_document_is_no_other_file_of_the_issuer(keys: str) -> None:
    with pytest.raises(SekishoInputError, match="the name of another file"):
        Issuer.parse(URL, keys)


def test_what_somebody_put_in_the_way_of_a_file_is_not_written_into(tmp_path: Path) -> None:
    planted = tmp_path / f".{RECORD}.{os.getpid()}"
    planted.touch(0o666)
    planted.chmod(0o666)
    held = planted.open("rb")
    with held:
        published(tmp_path, present(tmp_path), START, DAY)
        assert held.read() == b""
    assert stat.S_IMODE((tmp_path / RECORD).stat().st_mode) & 0o022 == 0


def test_what_each_key_may_do(tmp_path: Path) -> None:
    old, new = present(tmp_path), present(tmp_path, "new")
    published(tmp_path, old, START, DAY)
    keys = published(tmp_path, new, START + DAY, DAY)
    rows = list(plan(keys, START + DAY, HOUR, DAY))
    assert [(row["use"], row["until"]) for row in rows] == [
        ("must not sign yet", "2026-11-25T01:00:00Z"),
        ("its last tokens end", "2026-11-26T00:00:00Z"),
    ]
    (row,) = plan(keys[:1], START + DAY + HOUR, HOUR, DAY)
    assert (row["use"], row["until"]) == ("may sign", "")
    told = " ".join(steps(HOUR, timedelta(minutes=90)))
    assert "wait 1 h" in told
    assert "wait 90 min" in told


class Source:
    """Keys that a test tells of."""

    def __init__(self, *told: KeySet | str) -> None:
        self._told = told

    async def run(self, changed: Callable[[KeySet], None], failed: Callable[[str], None]) -> None:
        for one in self._told:
            if isinstance(one, str):
                failed(one)
            else:
                changed(one)


def asked(documents: IssuerDocuments, path: str, method: str = "GET", **headers: str) -> Response:
    async def receive() -> Mapping[str, Any]:
        return {"type": "http.disconnect"}

    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())

    async def ask() -> Answer:
        return await documents.paths[path](Request(method, path, "", named, None, receive))

    answer = asyncio.run(ask())
    assert isinstance(answer, Response)
    return answer


def served(*told: KeySet | str) -> IssuerDocuments:
    documents = IssuerDocuments(Issuer.parse(URL), Source(*told), None, HOUR, DAY, lambda: START)
    asyncio.run(documents.run())
    return documents


def test_pages_of_an_issuer(tmp_path: Path) -> None:
    documents = served(present(tmp_path))
    assert set(documents.paths) == {"/prod/.well-known/openid-configuration", "/prod/keys.json"}
    page = asked(documents, "/prod/keys.json")
    assert (page.status, parse_key_set(page.body)) == (200, present(tmp_path))
    headers = dict(page.headers)
    assert headers["cache-control"] == "public, max-age=3600"
    again = asked(documents, "/prod/keys.json", if_none_match=headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert asked(documents, "/prod/keys.json", "POST").status == 405
    assert documents.missing() == documents.degraded() == ()


def test_nothing_is_published_before_the_keys_were_read() -> None:
    documents = served("sa.pub: no such file")
    assert asked(documents, "/prod/keys.json").status == 503
    assert documents.missing() == ("sa.pub: no such file",)


def test_a_failure_leaves_what_was_published(tmp_path: Path) -> None:
    documents = served(present(tmp_path), "the API server is away")
    assert asked(documents, "/prod/keys.json").status == 200
    assert documents.degraded() == ("the API server is away",)
    assert documents.missing() == ()

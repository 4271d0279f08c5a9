"""A certificate that is replaced while a checkpoint serves: whole pairs only, whenever the files change."""

import asyncio
import contextlib
import os
import ssl
import stat
from pathlib import Path

import pytest

from sekisho.serve import tls
from sekisho.serve.tls import CertificateFiles, ServingCertificate, own_certificate


def pair(folder: Path, name: str) -> CertificateFiles:
    return own_certificate(folder / name, (f"{name}.example",))


def replace(files: CertificateFiles, others: CertificateFiles) -> None:
    files.certificate.write_bytes(others.certificate.read_bytes())
    files.key.write_bytes(others.key.read_bytes())


def served_by(context: ssl.SSLContext, name: str | None) -> bytes:
    """Return the certificate (DER) that a client is shown who asks for ``name``, or for no name."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = context.wrap_bio(to_server, to_client, server_side=True)
    done = [False, False]
    while not all(done):
        for number, side in enumerate((ours, theirs)):
            try:
                side.do_handshake()
                done[number] = True
            except ssl.SSLWantReadError:
                continue
    found = ours.getpeercert(binary_form=True)
    assert found is not None
    return found


def der(files: CertificateFiles) -> bytes:
    return ssl.PEM_cert_to_DER_cert(files.certificate.read_text())


@pytest.mark.parametrize("name", ["one.example", None])
def test_a_new_pair_is_served_once_it_is_whole(tmp_path: Path, name: str | None) -> None:
    one, two = pair(tmp_path, "one"), pair(tmp_path, "two")
    first = der(one)
    serving = ServingCertificate(one)
    assert served_by(serving.context, name) == first
    one.certificate.write_bytes(two.certificate.read_bytes())
    serving.reload()
    assert "expected the key of" in serving.problem
    assert served_by(serving.context, name) == first
    one.key.write_bytes(two.key.read_bytes())
    serving.reload()
    assert serving.problem == ""
    assert served_by(serving.context, name) == der(two)


def test_files_that_change_while_they_are_read_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair(tmp_path, "one"), pair(tmp_path, "two")
    serving = ServingCertificate(one)
    replace(one, two)
    load = tls._loaded

    def changed_at_once(files: CertificateFiles) -> ssl.SSLContext:
        context = load(files)
        files.certificate.write_text("half of the next one")
        return context

    monkeypatch.setattr(tls, "_loaded", changed_at_once)
    serving.reload()
    assert served_by(serving.context, None) == der(two)
    serving.reload()
    assert serving.problem != ""
    assert served_by(serving.context, None) == der(two)


def test_what_somebody_put_in_the_way_of_a_key_does_not_get_it(tmp_path: Path) -> None:
    planted = tmp_path / f".key.pem.{os.getpid()}"
    planted.touch()
    planted.chmod(0o666)
    with planted.open("rb") as held:
        files = own_certificate(tmp_path, ("localhost",))
        assert held.read() == b""
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600


def _is_heard(context: ssl.SSLContext, client: CertificateFiles | None) -> bool:
    """Tell whether a client with this certificate gets through the handshake to a server's first bytes."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    if client is not None:
        asking.load_cert_chain(client.certificate, client.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = asking.wrap_bio(to_client, to_server, server_hostname="x")
    theirs = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(6):
        with contextlib.suppress(ssl.SSLWantReadError):
            ours.do_handshake()
        try:
            theirs.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError:
            return False
        return True
    raise AssertionError("the handshake does not end")


def test_the_authority_of_clients_is_followed_too(tmp_path: Path) -> None:
    first, second = pair(tmp_path, "first"), pair(tmp_path, "second")
    own = pair(tmp_path, "own")
    authority = tmp_path / "clients.pem"
    authority.write_bytes(first.certificate.read_bytes())

    async def follow() -> None:
        serving = ServingCertificate(CertificateFiles(own.certificate, own.key, authority))
        following = asyncio.create_task(serving.run())
        await asyncio.sleep(0)  # it looks at the files for the first time
        assert [_is_heard(serving.context, one) for one in (first, second, None)] == [True, False, False]
        authority.write_bytes(second.certificate.read_bytes())
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0.02)
                if not _is_heard(serving.context, first):
                    break
        assert [_is_heard(serving.context, one) for one in (first, second, None)] == [False, True, False]
        following.cancel()

    asyncio.run(follow())

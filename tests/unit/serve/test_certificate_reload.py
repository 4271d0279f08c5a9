"""A certificate that is replaced while a checkpoint serves: whole pairs only, whenever the files change."""

import ssl
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

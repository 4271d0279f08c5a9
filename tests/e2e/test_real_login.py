"""A real kubectl that signs in through ``sekisho login``, at a real kube-apiserver that trusts the issuer."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from e2e.e2e_clients import client
from support.checkpoint import waited
from support.kube_apiserver import ApiServerProcess, running_apiserver
from support.oauth_site import CLIENT, OAuthSite, oauth_site

BROWSER = Path(__file__).parents[1] / "support" / "login_browser.py"
SECONDS = 120.0


@dataclass
class Person:
    """Somebody at a shell with a kubeconfig that ``sekisho kubeconfig --oidc`` wrote."""

    site: OAuthSite
    server: ApiServerProcess
    folder: Path

    @property
    def opened(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text().splitlines() if log.exists() else []

    def run(self, *words: str | Path, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        programs = self.folder / "bin"
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.server.folder / "kubeconfig"),
            "SEKISHO_LOGIN_DIR": str(self.folder / "accounts"),
            "SSL_CERT_FILE": str(self.folder / "issuer.pem"),  # what the browser trusts
            "BROWSER": shlex.join([sys.executable, str(BROWSER), str(self.folder / "log"), "-", "-"]),
        }
        return subprocess.run(
            [str(word) for word in words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env=environment,
        )


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp("login")
    with oauth_site(folder / "site") as site:
        authority = folder / "issuer.pem"
        authority.write_text(site.authority)
        configuration = folder / "auth.yaml"
        jwt = {
            "issuer": {"url": site.issuer, "audiences": [CLIENT], "certificateAuthority": site.authority},
            "claimMappings": {"username": {"claim": "email", "prefix": "oidc:"}},
        }
        kind = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
        configuration.write_text(yaml.safe_dump({**kind, "jwt": [jwt]}))
        programs = folder / "bin"
        programs.mkdir()
        sekisho = programs / "sekisho"
        sekisho.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sekisho "$@"\n')
        sekisho.chmod(0o755)
        with running_apiserver(folder / "kube", [f"--authentication-config={configuration}"]) as server:
            server.kubeconfig()
            found = Person(site, server, folder)
            token = site.id_token(None)
            waited(lambda: server.ask("GET", "/api", None, token)[0] == 200 or None)
            yield found


@pytest.mark.parametrize("name", ["kubectl", "kubectl-1.27"])
def test_kubectl_signs_in_by_the_entry_that_sekisho_wrote(person: Person, name: str) -> None:
    words = ["--oidc", "--cluster", "real", "--issuer", person.site.issuer, "--client-id", CLIENT]
    more = ["--certificate-authority", f"{person.folder}/issuer.pem", "--listen", "0", "--account", name]
    written = person.run("sekisho", "kubeconfig", *words, *more)
    assert written.stdout == f"Updated context real@oidc@{name} in {person.server.folder / 'kubeconfig'}\n"
    before = len(person.opened)
    first = person.run(
        client(name), "create", "--validate=false", "-f", "-", "-o", "json", stdin=json.dumps(REVIEW)
    )
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["status"]["userInfo"]["username"] == "oidc:k@example.com"
    second = person.run(client(name), "auth", "can-i", "get", "pods")
    assert (second.returncode, second.stdout.strip()) == (1, "no")
    assert len(person.opened) == before + 1


REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def test_who_is_refused_reads_why(person: Person) -> None:
    person.site.answered = {"code": None, "error": "access_denied", "error_description": "not today"}
    words = ["--oidc", "--cluster", "real", "--issuer", person.site.issuer, "--client-id", CLIENT]
    more = ["--certificate-authority", f"{person.folder}/issuer.pem", "--listen", "0", "--account", "denied"]
    assert person.run("sekisho", "kubeconfig", *words, *more).returncode == 0
    before = len(person.opened)
    refused = person.run(client("kubectl"), "get", "pods")
    assert refused.returncode != 0
    assert "sekisho: the issuer refused: access_denied (not today)" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(person.opened) == before + 1

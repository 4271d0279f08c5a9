"""Clusters of a running lab as their creators see them: objects, service accounts, tokens."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from e2e.hostile_wire import Doors, Target, render, token_of, token_url
from sekisho.testing import RunningLab

NAMESPACE = "billing"


@dataclass(frozen=True, slots=True)
class KubeApi:
    """One cluster's API, asked as whoever signs with the keys of ``profile``."""

    lab: RunningLab
    name: str = "eks-clu"
    profile: str = "creator"

    @property
    def address(self) -> str:
        """Host and port."""
        clusters: list[dict[str, str]] = self.lab.status["clusters"]
        return next(urlsplit(one["endpoint"]).netloc for one in clusters if one["name"] == self.name)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        kind: str = "application/json",
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, document and headers of an answer; ``token`` is sent instead of the creator's."""
        doors = Doors.of(self.lab)
        bearer = token_of(token_url(doors.keys(self.profile), cluster=self.name)) if token is None else token
        headers = [("host", self.address), ("authorization", f"Bearer {bearer}"), ("user-agent", "test")]
        data = b"" if body is None else json.dumps(body).encode()
        headers += [("content-type", kind)] if data else []
        target = Target(int(self.address.rpartition(":")[2]), "127.0.0.1")
        answer = doors.send(target, render(method, path, headers, data))
        return answer.status, json.loads(answer.body), answer.headers

    def made(self, path: str, body: Any) -> Any:
        """Create something, which has to succeed."""
        status, document, _ = self.ask("POST", path, body)
        assert status == 201, document
        return document

    def patched(self, path: str, operations: list[Any]) -> tuple[int, Any]:
        """Return status and document of the answer to a JSON Patch."""
        status, document, _ = self.ask("PATCH", path, operations, kind="application/json-patch+json")
        return status, document

    def gone(self, path: str) -> None:
        """Delete something, which has to succeed."""
        status, document, _ = self.ask("DELETE", path)
        assert status == 200, document

    def namespace(self, name: str = NAMESPACE) -> None:
        self.made("/api/v1/namespaces", {"metadata": {"name": name}})

    def account(
        self, name: str, namespace: str = NAMESPACE, annotations: Mapping[str, str] | None = None
    ) -> str:
        """Create a service account and return its uid."""
        body = {"metadata": {"name": name, "annotations": dict(annotations or {})}}
        made = self.made(f"/api/v1/namespaces/{namespace}/serviceaccounts", body)
        uid: str = made["metadata"]["uid"]
        return uid

    def pod(self, name: str, account: str, **spec: Any) -> str:
        """Create a pod and return its uid."""
        containers = [{"name": "app", "image": "app"}]
        body = {
            "metadata": {"name": name},
            "spec": {"serviceAccountName": account, "containers": containers, **spec},
        }
        made = self.made(f"/api/v1/namespaces/{NAMESPACE}/pods", body)
        uid: str = made["metadata"]["uid"]
        return uid

    def request(
        self, name: str, *, namespace: str = NAMESPACE, **spec: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Ask for a token of a service account."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return self.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", body)

    def token(self, name: str, **spec: Any) -> str:
        """Return a token of a service account, which has to be given."""
        status, document, _ = self.request(name, **spec)
        assert status == 201, document
        token: str = document["status"]["token"]
        return token

    def web_token(self, name: str, **spec: Any) -> str:
        """Return a token of a service account for STS."""
        return self.token(name, audiences=["sts.amazonaws.com"], **spec)

    def why(self) -> list[str]:
        """Return the decisive codes of the link that the journal's newest refusal failed at."""
        entry = self.lab.client.get("/journal/last-refusal")
        return [step["code"] for step in entry["chain"]["links"][-1]["decisive"]]


def parts(token: str) -> tuple[Any, Any]:
    """Return header and claims of a token."""
    header, claims = (json.loads(base64.urlsafe_b64decode(f"{part}==")) for part in token.split(".")[:2])
    return header, claims

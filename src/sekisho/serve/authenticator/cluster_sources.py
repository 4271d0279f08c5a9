"""Mappings from the cluster: aws-auth and IAMIdentityMapping objects, watched, and access entries of EKS."""

import logging
from collections.abc import Mapping
from typing import Final

from sekisho.connect.kube.follow import Follower, Objects
from sekisho.decide.authn.aws_auth import AwsAuth
from sekisho.decide.authn.aws_auth import reload as reload_aws_auth
from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.backend_file import load_custom_resources
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.values import JsonObject, Ref
from sekisho.serve.authenticator.metrics import Metrics
from sekisho.serve.entry_sources import EntrySource
from sekisho.serve.json_log import facts

_log = logging.getLogger("sekisho.authenticator")

CONFIG_MAPS: Final = "/api/v1/namespaces/kube-system/configmaps"
AWS_AUTH: Final = "kube-system/aws-auth"
IDENTITY_MAPPINGS: Final = "/apis/iamauthenticator.k8s.aws/v1alpha1/iamidentitymappings"


class ConfigMapSource:
    """``kube-system/aws-auth``. A section that cannot be read leaves in force what it said before."""

    def __init__(
        self, follower: Follower, rules: Rules, metrics: Metrics, reserved_prefixes: tuple[str, ...]
    ) -> None:
        self._follower = follower
        self._rules = rules
        self._metrics = metrics
        self._reserved = reserved_prefixes
        self._content: AwsAuth | None = None
        self._cut = ""
        self.backend: Backend | None = None

    @property
    def problem(self) -> str:
        """Why what is in the cluster may not be what is in use."""
        faults = "; ".join(str(fault) for fault in self._content.faults) if self._content else ""
        return faults or self._cut

    async def run(self) -> None:
        """Follow the ConfigMap."""
        await self._follower.run(self.changed, self.failed)

    def changed(self, objects: Objects) -> None:
        """Take what the cluster holds now."""
        self._cut = ""
        body = objects.get(AWS_AUTH, {})
        content = self._content = reload_aws_auth(self._content, _texts(body), self._rules)
        self.backend = Backend.from_aws_auth(
            content, Ref("configmap/kube-system/aws-auth"), reserved_prefixes=self._reserved
        )
        for fault in content.faults:
            _log.error("a section of aws-auth is not used", extra=facts(problem=str(fault)))
        dropped = [str(notice) for notice in content.notices if notice.drops]
        _log.info("read aws-auth", extra=facts(mappings=len(content.mappings), dropped=dropped or None))

    def failed(self, problem: str) -> None:
        """Note that the cluster cannot be asked now."""
        self._cut = f"the cluster cannot be watched: {problem}"
        self._metrics.watch_failures.inc()
        _log.warning("the watch of aws-auth failed", extra=facts(problem=problem))


class AccessEntrySource:
    """Access entries of EKS, each held to the unique id that it pins where that is known."""

    def __init__(self, source: EntrySource) -> None:
        self._source = source

    @property
    def backend(self) -> Backend | None:
        """The mappings of the entries."""
        return self._source.book.backend if self._source.book is not None else None

    @property
    def problem(self) -> str:
        """Why what there is may not be what is in use."""
        return self._source.problem

    async def run(self) -> None:
        """Follow the entries."""
        await self._source.run()


class CustomResourceSource:
    """IAMIdentityMapping objects, by name."""

    def __init__(self, follower: Follower, reserved_prefixes: tuple[str, ...]) -> None:
        self._follower = follower
        self._reserved = reserved_prefixes
        self.backend: Backend | None = None
        self.problem = ""

    async def run(self) -> None:
        """Follow the objects."""
        await self._follower.run(self.changed, self.failed)

    def changed(self, objects: Objects) -> None:
        """Take what the cluster holds now."""
        specs = [
            (Ref(f"iamidentitymapping{key}", "/spec"), _spec(body)) for key, body in sorted(objects.items())
        ]
        self.backend, notices = load_custom_resources(
            specs, Ref("iamidentitymappings"), reserved_prefixes=self._reserved
        )
        dropped = [str(notice) for notice in notices if notice.drops]
        self.problem = "; ".join(dropped[:3])
        _log.info(
            "read IAMIdentityMappings",
            extra=facts(mappings=len(self.backend.mappings), dropped=dropped or None),
        )

    def failed(self, problem: str) -> None:
        """Note that the cluster cannot be asked now."""
        self.problem = f"the cluster cannot be watched: {problem}"
        _log.warning("the watch of IAMIdentityMappings failed", extra=facts(problem=problem))


def _texts(body: JsonObject) -> dict[str, str]:
    data = body.get("data")
    members = data.items() if isinstance(data, Mapping) else ()
    return {name: text for name, text in members if isinstance(text, str)}


def _spec(body: JsonObject) -> JsonObject:
    found = body.get("spec")
    return found if isinstance(found, dict) else {}

"""The journal of a cluster whose API server is a real one: told by its audit webhook.

An event says who asked what and what became of it. A refusal is explained by the same engine, on the
lab's copy of the cluster's facts; why a token was refused the authenticator knows (`refused_tokens`).
Source: Kubernetes documentation, "Auditing"; k8s.io/apiserver ``audit.k8s.io/v1`` Event.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sekisho.decide.authn.mapping import implicit_groups
from sekisho.decide.chain import CLUSTER_CHAIN, LinkName, authorize
from sekisho.decide.decision import Chain, Link, Outcome
from sekisho.decide.request.kubernetes import RequestAttributes, parse
from sekisho.decide.values import Instant, Json, KubeUser, SekishoInputError
from sekisho.decide.values.documents import parse_json
from sekisho.lab.door_code import DoorCode
from sekisho.lab.envtest.refused_tokens import RefusedTokens
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.kube.authenticator import Authenticated
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.server import described
from sekisho.lab.world import Clock, Ids
from sekisho.wire.http import Request
from sekisho.wire.kube.members import items, mapping, number, objects, text

MAX_BATCH_BYTES: Final = 10 * 1024 * 1024
"""kube-apiserver's own bound of a batch (``--audit-webhook-truncate-max-batch-size``)."""
MAX_REMEMBERED: Final = 1_024
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403

_METHODS: Final = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}


class AuditLog:
    """Turns the audit events of one API server into entries of the journal."""

    def __init__(self, cluster: LiveCluster, journal: Journal, clock: Clock, ids: Ids) -> None:
        self._cluster = cluster
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._seen: OrderedDict[tuple[str, str], Authenticated] = OrderedDict()
        self._refused = RefusedTokens(self._tell_without_request)

    def remember(self, found: Authenticated) -> None:
        """Keep how the user came to be: a later refusal of theirs is explained from the token on."""
        assert found.user is not None  # noqa: S101 - only who was let in is remembered
        key = (found.user.name, found.user.uid)
        self._seen[key] = found
        self._seen.move_to_end(key)
        while len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)

    def refused_token(self, found: Authenticated) -> None:
        """Keep why a token stands for nobody: the API server answers 401, and its event names nobody."""
        self._refused.add(found, Instant(datetime.now(UTC)))

    def close(self) -> None:
        """Note what was kept: no more events will come."""
        self._refused.close()

    async def note(self, request: Request) -> None:
        """Note the events of one batch.

        Raises:
            SekishoInputError: it is no list of events.
            BodyTooLarge: it is larger than the API server sends.
        """
        batch = parse_json(await request.body(MAX_BATCH_BYTES), "request")
        for event in objects(batch, "items"):
            if not text(event, "user", "username"):
                self._note_unauthorized(event)
            elif text(event, "stage") == "ResponseComplete":
                self._note(event)

    def _note_unauthorized(self, event: Mapping[str, Json]) -> None:
        """Note what failed authentication: whoever passed it has a name, if only ``system:anonymous``."""
        received, answered = _instant(event, "requestReceivedTimestamp"), _instant(event, "stageTimestamp")
        found = self._refused.of(received, answered) if received and answered else None
        who = _claimed(found) if found is not None else ""
        chain = found.chain(self._cluster) if found is not None else None
        told = text(event, "responseStatus", "message")
        client = text(event, "userAgent")
        self._write(text(event, "auditID"), who, client, _question(event), UNAUTHORIZED, chain, told)

    def _tell_without_request(self, found: Authenticated) -> None:
        identifier, chain = self._ids.request_id(), found.chain(self._cluster)
        self._write(identifier, _claimed(found), "", "log in", UNAUTHORIZED, chain)

    def _note(self, event: Mapping[str, Json]) -> None:
        status = number(event, "responseStatus", "code")
        attributes = _attributes(event)
        who, user = _user(event)
        found = self._seen.get((who.name, who.uid))
        shown = str(found.identity.arn) if found is not None and found.identity is not None else who.name
        chain = None
        if status == FORBIDDEN and attributes is not None:
            chain = self._explained(found, who, user, attributes)
        told = "" if chain is not None else text(event, "responseStatus", "message")
        client = text(event, "userAgent")
        self._write(text(event, "auditID"), shown, client, _question(event), status, chain, told)

    def _explained(
        self, found: Authenticated | None, who: KubeUser, user: KubeUser, attributes: RequestAttributes
    ) -> Chain | None:
        """Return the chain of a refusal; None where it was not authorization that refused (admission)."""
        if found is not None and user == who:
            chain = found.chain(self._cluster, attributes)
        else:
            before = () if found is None else found.chain(self._cluster).links
            decided = authorize(implicit_groups(user), attributes, self._cluster)
            chain = Chain(CLUSTER_CHAIN, (*before, Link(LinkName.AUTHORIZATION, decided)))
        return chain if chain.failed is not None else None

    def _write(
        self,
        identifier: str,
        who: str,
        client: str,
        question: str,
        status: int,
        chain: Chain | None,
        told: str = "",
    ) -> None:
        outcome, code, sentence = Outcome.ALLOW, str(DoorCode.SERVED), told or DoorCode.SERVED.sentence
        failed = chain.failed if chain is not None else None
        if failed is not None:
            outcome, sentence = failed.decision.outcome, failed.decision.sentence()
            code = str(failed.decision.decisive[0].code)
        elif status in (UNAUTHORIZED, FORBIDDEN):
            outcome, code = Outcome.DENY, str(DoorCode.REFUSED)
            sentence = DoorCode.REFUSED.sentence.format(problem=told)
        self._journal.note(
            Asked(
                identifier,
                self._clock.now(),
                "kubernetes",
                self._cluster.name,
                who,
                client,
                question,
                status,
                outcome,
                code,
                sentence,
                chain,
            )
        )


def _claimed(found: Authenticated) -> str:
    return str(found.identity.arn) if found.identity is not None else found.claimed


def _instant(event: Mapping[str, Json], member: str) -> Instant | None:
    try:
        return Instant.parse_rfc3339(text(event, member))
    except ValueError:
        return None


def _question(event: Mapping[str, Json]) -> str:
    attributes = _attributes(event)
    return described(attributes) if attributes is not None else text(event, "requestURI")[:200]


def _attributes(event: Mapping[str, Json]) -> RequestAttributes | None:
    path, _, query = text(event, "requestURI").partition("?")
    verb = text(event, "verb")
    try:
        return parse(_METHODS.get(verb, verb.upper()), path, query)
    except SekishoInputError:
        return None


def _user(event: Mapping[str, Json]) -> tuple[KubeUser, KubeUser]:
    """Return who sent a request, and as whom it was made: another one under impersonation."""
    sender = _kube_user(mapping(event, "user"))
    acting = mapping(event, "impersonatedUser")
    return sender, _kube_user(acting) if acting else sender


def _kube_user(info: Mapping[str, Json]) -> KubeUser:
    groups = tuple(group for group in items(info, "groups") if isinstance(group, str))
    return KubeUser(text(info, "username"), groups, text(info, "uid"))

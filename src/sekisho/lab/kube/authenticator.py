"""Who sends a Kubernetes request: the bearer token, taken through the chain's first links.

A token that STS has confirmed is not asked about again until it expires; the mapping is
evaluated on every request, so a change of aws-auth counts at once.
"""

import re
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from sekisho.decide.authn import iam_token, sts_answer
from sekisho.decide.authn.iam_token import CLUSTER_HEADER, StsQuestion, TokenServer
from sekisho.decide.authn.sts_answer import StsAnswer, StsIdentity
from sekisho.decide.authn.templates import PrivateDnsNames, instance_of
from sekisho.decide.chain import (
    ClusterFacts,
    LinkName,
    chain_of,
    checkpoint_of,
    refused_signature,
    seen_by_provider,
    service_account_link,
    user_of,
)
from sekisho.decide.decision import Chain, Decision, Link
from sekisho.decide.proof.credential import Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Instant, KubeUser, SekishoInputError
from sekisho.lab.kube.id_tokens import ClusterIdTokens
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.service_account_tokens import ServiceAccountTokens
from sekisho.lab.world import Clock

MAX_CACHED = 4_096

_DATE = re.compile(rb"[?&]X-Amz-Date=([0-9]{8}T[0-9]{6}Z)", re.IGNORECASE)

AskSts = Callable[[HttpRequest, Instant], tuple[Decision[Signed], int, bytes]]
"""The lab's STS, asked in process: the decision on the signature, the HTTP status, the body."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What a token came to.

    ``links`` are those before the mapping; ``identity`` is None if one of them refused, ``user`` None
    if the identity is not mapped. ``claimed`` is the access key id that the token names, proven or not.
    ``audiences`` are those of the asked-for that a service account token holds for. ``private_dns`` names
    the instances, where the identity is one.
    """

    links: tuple[Link, ...]
    identity: StsIdentity | None
    user: KubeUser | None
    claimed: str = ""
    audiences: tuple[str, ...] = ()
    private_dns: PrivateDnsNames = field(default_factory=dict)

    def chain(self, facts: ClusterFacts, request: RequestAttributes | None = None) -> Chain:
        """Return the whole chain, explained, as far as it came."""
        return chain_of(self.links, self.identity, facts, request, self.user, self.private_dns)


@dataclass(frozen=True, slots=True)
class _Known:
    links: tuple[Link, ...]
    identity: StsIdentity
    until: Instant


class Authenticator:
    """Authenticates requests to one cluster."""

    def __init__(
        self,
        server: TokenServer,
        facts: LiveCluster,
        ask_sts: AskSts,
        other_clusters: Callable[[], Iterable[str]],
        clock: Clock,
        service_accounts: ServiceAccountTokens,
        id_tokens: ClusterIdTokens,
        instance_names: Callable[[], PrivateDnsNames],
    ) -> None:
        self._id_tokens = id_tokens
        self._instance_names = instance_names
        self._service_accounts = service_accounts
        self._server = server
        self._facts = facts
        self._ask_sts = ask_sts
        self._other_clusters = other_clusters
        self._clock = clock
        # Keyed by hash: a token is a credential and is not kept.
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def authenticate(
        self, token: str, audiences: tuple[str, ...] = (), *, explain: bool = False
    ) -> Authenticated:
        """Return whom ``token`` stands for now. Total.

        ``audiences`` are those that a TokenReview asks for: service account tokens know them, others do not.
        With ``explain`` an id token that is taken is told claim by claim, as one that is refused always is.
        """
        match checkpoint_of(token, self._service_accounts.issuer, self._facts.issuers.issuers):
            case LinkName.SERVICE_ACCOUNT:
                return self._of_service_account(token, audiences)
            case LinkName.ID_TOKEN:
                seen = seen_by_provider(await self._id_tokens.decide(token, explain=explain))
                return Authenticated((Link(LinkName.ID_TOKEN, seen),), None, seen.value)
            case _:
                return self._of_iam(token)

    def _of_service_account(self, token: str, audiences: tuple[str, ...]) -> Authenticated:
        bearer = self._service_accounts.authenticate(token, audiences)
        own = (service_account_link(bearer),)
        if bearer.value is None:
            return Authenticated(own, None, None)
        return Authenticated(own, None, bearer.value.user, "", bearer.value.audiences)

    def _of_iam(self, token: str) -> Authenticated:
        now = self._clock.client_now(_date(token) if self._clock.moves else None)
        key = sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._known.get(key)
        if known is not None and now < known.until:
            self._known.move_to_end(key)
            return self._mapped(known.links, known.identity)
        planned = iam_token.plan(token, self._server, now)
        links = [Link(LinkName.TOKEN, planned)]
        if planned.value is None:
            return Authenticated(tuple(links), None, None)
        question = planned.value
        until = question.expires_at
        try:
            signature, status, body = self._ask_sts(_request(question), now)
        except SekishoInputError:
            status, body = 400, b""  # what STS answers to a target that is no HTTP request
        else:
            if not signature.allowed:
                asked = sts_answer.conclude(question, StsAnswer(status, body))
                told = refused_signature(signature, asked, self._made_for(question, now))
                links.append(Link(LinkName.SIGNATURE, told))
                return Authenticated(tuple(links), None, None, question.access_key_id)
            links.append(Link(LinkName.SIGNATURE, signature))
            if signature.value is not None and signature.value.expires is not None:
                until = min(until, signature.value.expires)  # the session may end before the token
        caller = sts_answer.conclude(question, StsAnswer(status, body))
        links.append(Link(LinkName.CALLER, caller))
        if caller.value is None:
            return Authenticated(tuple(links), None, None, question.access_key_id)
        self._remember(key, _Known(tuple(links), caller.value, until))
        return self._mapped(tuple(links), caller.value)

    def forget(self) -> None:
        """Ask STS again for every token: a key, or whom one stands for, was changed."""
        self._known.clear()

    def _mapped(self, links: tuple[Link, ...], identity: StsIdentity) -> Authenticated:
        is_instance = instance_of(identity) is not None
        names = self._instance_names() if is_instance else {}
        user = user_of(identity, self._facts, names).value
        return Authenticated(links, identity, user, identity.access_key_id, private_dns=names)

    def _made_for(self, question: StsQuestion, now: Instant) -> str | None:
        """Return the other cluster for which the token's signature is right, if the lab has it.

        Only whoever holds the key can make such a signature, so telling its maker gives nothing away.
        """
        for name in self._other_clusters():
            headers = tuple(
                (header, name if header.lower() == CLUSTER_HEADER else value)
                for header, value in question.headers
            )
            signature, _, _ = self._ask_sts(_request(replace(question, headers=headers)), now)
            if signature.allowed:
                return name
        return None

    def _remember(self, key: bytes, known: _Known) -> None:
        self._known[key] = known
        while len(self._known) > MAX_CACHED:
            self._known.popitem(last=False)


def _date(token: str) -> Instant | None:
    """Return the date that a token says it was signed at, unchecked; None if it says none."""
    try:
        url = urlsafe_b64decode(token.removeprefix(iam_token.PREFIX)[: iam_token.MAX_TOKEN_BYTES] + "==")
        found = _DATE.search(url)
        return Instant.parse_amz(found[1].decode("ascii")) if found is not None else None
    except ValueError:
        return None


def _request(question: StsQuestion) -> HttpRequest:
    path, _, query = question.target.reveal().partition("?")
    headers = tuple((name.lower(), value) for name, value in question.headers)
    return HttpRequest("GET", path, query, (("host", question.host), *headers))

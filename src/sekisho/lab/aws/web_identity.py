"""AssumeRoleWithWebIdentity: the one operation that takes no signature, with its whole decision.

The rules are `sekisho.decide.sts`; here the issuer's keys are had in between, and credentials made.
Source: STS API Reference, "AssumeRoleWithWebIdentity".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sekisho.decide import sts
from sekisho.decide.chain.pod_to_aws import WebIdentityLink, concluded, refused_early
from sekisho.decide.decision import Chain, Decision
from sekisho.decide.request.aws_request import Context as ConditionContext
from sekisho.decide.sts import KeysAnswer, KeysFault, KeysQuestion, Session
from sekisho.decide.values import Instant, Secret
from sekisho.facts.sts_facts import SnapshotStsFacts
from sekisho.lab.aws.door.keys import door_keys
from sekisho.lab.aws.door.refusal import RefusedError
from sekisho.lab.aws.door.route import Route
from sekisho.lab.aws.operation import Answer, Ids, Parameters
from sekisho.lab.aws.sts import extras, issue, session_parameters
from sekisho.lab.aws.web_keys import KeySource
from sekisho.lab.world import Clock, World
from sekisho.wire.aws.faults import ServiceFault
from sekisho.wire.aws_managed_policies import aws_policy_text

OPERATION: Final = "AssumeRoleWithWebIdentity"


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token obtained: the answer, whose token it was, and the chain that says why."""

    answer: Answer
    who: str
    chain: Chain


class WebIdentity:
    """Gives out sessions to whoever holds a token of a trusted issuer."""

    def __init__(self, world: World, clock: Clock, ids: Ids, keys: KeySource) -> None:
        self._world = world
        self._clock = clock
        self._ids = ids
        self._keys = keys

    async def assume(self, where: Route, parameters: Parameters, headers: Mapping[str, str]) -> Granted:
        """Give out a session of a role; ``headers`` tell of the client (`door_keys.CLIENT_HEADERS`).

        Raises:
            RefusedError: with the explained chain.
        """
        request = sts.AssumeRoleWithWebIdentity(
            parameters["RoleArn"],
            parameters["RoleSessionName"],
            Secret(parameters["WebIdentityToken"]),
            session_parameters(parameters),
            parameters.get("ProviderId"),
        )
        keys = await self._keys(self._planned(request))
        # What was true before the issuer was asked may have changed since: the facts are read anew.
        question = self._planned(request)
        return self._concluded(where, question, keys, headers)

    def _planned(self, request: sts.AssumeRoleWithWebIdentity) -> KeysQuestion:
        found = sts.plan(request, self._facts())
        if isinstance(found, Decision):
            raise _refused(found, refused_early(found))
        return found

    def _concluded(
        self,
        where: Route,
        question: KeysQuestion,
        keys: KeysAnswer | KeysFault,
        headers: Mapping[str, str],
    ) -> Granted:
        now = Instant.from_epoch(int(self._clock.now().epoch))  # AWS's dates have whole seconds
        context = ConditionContext.of({**door_keys(now, headers), "aws:RequestedRegion": where.region})
        found = sts.conclude(question, keys, self._facts(), now, context)
        chain = concluded(question, found)
        # Before its signature was found right, a token names nobody.
        is_proven = any(link.name == WebIdentityLink.CLAIMS for link in chain.links)
        who = question.token.claim("sub") if is_proven else ""
        if found.value is None:
            raise _refused(found, chain, who)
        output, events, secrets = issue(self._world.facts, self._ids, now, found.value)
        return Granted(Answer({**output, **_described(found.value)}, events, secrets), who, chain)

    def _facts(self) -> SnapshotStsFacts:
        return SnapshotStsFacts(self._world.facts, aws_policy_text)


def _described(session: Session) -> Mapping[str, Any]:
    identity = session.web_identity
    assert identity is not None  # noqa: S101 - conclude puts it there
    return {
        "AssumedRoleUser": {"AssumedRoleId": session.principal.user_id, "Arn": str(session.principal.arn)},
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": identity.provider,
        "Audience": identity.audience,
        **extras(session),
    }


def _refused(decision: Decision[Session], chain: Chain, who: str = "") -> RefusedError:
    told = sts.aws_error(decision)
    fault = ServiceFault(told.code, told.message, told.http_status)
    return RefusedError(fault, decision.outcome, decision.sentence(), chain, who)

"""The credentials of a node's role, as EC2 makes them for an instance (EC2 User Guide, "IAM roles").

A session is named after the instance, lasts six hours, and a new one takes its place every hour.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sekisho.decide import sts
from sekisho.decide.decision import Decision
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.request.aws_request import Context as ConditionContext
from sekisho.decide.sts import Session, SignedCaller
from sekisho.decide.values import Arn, Instant, Secret, ServicePrincipal
from sekisho.facts import Role
from sekisho.facts.node_identity import NodeIdentity
from sekisho.facts.sts_facts import SnapshotStsFacts
from sekisho.lab.aws.door.credentials import session_secret_name
from sekisho.lab.aws.operation import Ids
from sekisho.lab.aws.sts import issue
from sekisho.lab.world import Clock, World
from sekisho.wire.aws_managed_policies import aws_policy_text

SERVICE = "ec2.amazonaws.com"
LIFETIME = timedelta(hours=6)
ROTATION = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """What an instance signs with, since when and until when."""

    keys: SigningKeys
    issued: Instant
    expires: Instant


@dataclass(frozen=True, slots=True)
class _Known:
    role_id: str
    key_id: str
    issued: Instant
    expires: Instant


class NodeCredentials:
    """Makes the sessions of nodes; owned by one event loop."""

    def __init__(self, world: World, clock: Clock, ids: Ids) -> None:
        self._world = world
        self._clock = clock
        self._ids = ids
        self._known: dict[tuple[str, str], _Known] = {}

    def current(self, node: NodeIdentity) -> NodeKeys | Decision[Session]:
        """Return what the node signs with now, or why EC2 may not assume its role. ``node.role`` is there."""
        assert node.role is not None  # noqa: S101 - callers asked for it
        now = Instant.from_epoch(int(self._clock.now().epoch))
        known = self._known.get(node.key)
        if known is not None and known.role_id == node.role.role_id:
            found = self._kept(known)
            if found is not None and known.issued <= now < known.issued + ROTATION:
                return NodeKeys(found, known.issued, known.expires)
        return self._renewed(node, node.role, now)

    def _renewed(self, node: NodeIdentity, role: Role, now: Instant) -> NodeKeys | Decision[Session]:
        decision = sts.assume_role(
            sts.AssumeRole(str(role.arn), node.instance), _ec2(node, now), self._facts(), now
        )
        if decision.value is None:
            return decision
        session = replace(decision.value, expires=now + LIFETIME)
        output, events, secrets = issue(self._world.facts, self._ids, now, session)
        self._world.commit(events, secrets)
        given: Mapping[str, str] = output["Credentials"]
        known = _Known(role.role_id, given["AccessKeyId"], now, session.expires)
        self._known[node.key] = known
        keys = SigningKeys(known.key_id, Secret(given["SecretAccessKey"]), Secret(given["SessionToken"]))
        return NodeKeys(keys, now, session.expires)

    def _kept(self, known: _Known) -> SigningKeys | None:
        """Return the keys of a session that is still there: another world may have been loaded."""
        kept = self._world.secret(session_secret_name(known.key_id))
        if kept is None or self._world.facts.session(known.key_id) is None:
            return None
        secret, token = json.loads(kept.reveal())
        return SigningKeys(known.key_id, Secret(secret), Secret(token))

    def _facts(self) -> SnapshotStsFacts:
        return SnapshotStsFacts(self._world.facts, aws_policy_text)


def _ec2(node: NodeIdentity, now: Instant) -> SignedCaller:
    cluster = node.cluster
    instance = Arn(cluster.partition, "ec2", cluster.region, cluster.account, f"instance/{node.instance}")
    keys = {
        "aws:CurrentTime": now.rfc3339(),
        "aws:EpochTime": str(int(now.epoch)),
        "aws:RequestedRegion": cluster.region,
        "aws:SecureTransport": "true",
        "aws:SourceArn": str(instance),
        "aws:SourceAccount": str(cluster.account),
    }
    return SignedCaller(ServicePrincipal(SERVICE), None, ConditionContext.of(keys))

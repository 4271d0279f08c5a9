"""The identity that created a cluster is its administrator, though no mapping names it.

In CONFIG_MAP mode EKS lets the creating IAM identity in as a member of ``system:masters``
and shows that nowhere: not in aws-auth, not in the console. (EKS User Guide, "Grant IAM users
and roles access to Kubernetes APIs", section on the cluster creator.)
"""

from functools import lru_cache

from sekisho.decide.authn.canonical import ArnError, canonical_mapping
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.values import KubeUser, Ref

USERNAME = "kubernetes-admin"
GROUP = "system:masters"

MODES = frozenset({"CONFIG_MAP", "API_AND_CONFIG_MAP", "API"})
"""EKS's authentication modes; only the first has the hidden administrator."""

API_MODES = MODES - {"CONFIG_MAP"}
"""The modes in which access entries count."""


class Code(ReasonCode):
    """Why the creator's rule does or does not admit the caller."""

    CREATOR = "eks.cluster-creator", "{arn} created the cluster and is its hidden administrator"
    NOT_CREATOR = "eks.not-cluster-creator", "the cluster was created by {creator}"
    NO_HIDDEN_ADMIN = (
        "eks.no-hidden-admin",
        "in mode {mode} the creator has no access beyond its access entry",
    )
    UNKNOWN_MODE = "eks.authentication-mode-unknown", "the cluster's authentication mode was not read"
    UNKNOWN_CREATOR = "eks.creator-unknown", "who created the cluster was not read"


def admit(identity: StsIdentity, creator: str | None, mode: str, at: Ref) -> Decision[KubeUser]:
    """Return ALLOW with the administrator if ``identity`` created the cluster, else NO_OPINION.

    ``creator`` is the IAM ARN that called CreateCluster, None when that was not read: then the
    outcome is UNKNOWN, unless the mode has no hidden administrator. A ``mode`` that is none of
    `MODES` was not read. ``at`` is the cluster. Total.
    """
    if mode not in MODES:
        # Whatever the mode is, somebody who did not create the cluster is not admitted by this rule.
        if creator is not None and _key(creator) != identity.canonical.key:
            return _step(Outcome.NO_OPINION, Code.NOT_CREATOR, at, creator=creator)
        return _step(Outcome.UNKNOWN, Code.UNKNOWN_MODE, at)
    if mode != "CONFIG_MAP":
        return _step(Outcome.NO_OPINION, Code.NO_HIDDEN_ADMIN, at, mode=mode)
    if creator is None:
        return _step(Outcome.UNKNOWN, Code.UNKNOWN_CREATOR, at)
    if _key(creator) != identity.canonical.key:
        return _step(Outcome.NO_OPINION, Code.NOT_CREATOR, at, creator=creator)
    account, user_id = identity.account, identity.user_id
    user = KubeUser(
        USERNAME,
        (GROUP,),
        f"aws-iam-authenticator:{account}:{user_id.partition(':')[0]}",
        (
            ("accessKeyId", (identity.access_key_id,)),
            ("arn", (str(identity.arn),)),
            ("canonicalArn", (str(identity.canonical.arn),)),
            ("sessionName", (identity.session_name,)),
        ),
    )
    found = _step(Outcome.ALLOW, Code.CREATOR, at, arn=str(identity.canonical.arn))
    return Decision(Outcome.ALLOW, found.decisive, found.trace, user)


@lru_cache(maxsize=1024)  # asked again with every request to the cluster
def _key(creator: str) -> str:
    try:
        return canonical_mapping(creator).key
    except ArnError:
        return ""


def _step(outcome: Outcome, code: Code, at: Ref, **facts: str) -> Decision[KubeUser]:
    step = Step(code, at.child("creator"), tuple(facts.items()))
    return Decision(outcome, (step,), (step,))

"""What the lab's admission has to say, besides NodeRestriction (`sekisho.decide.node.restriction_code`)."""

from sekisho.decide.chain import LinkName
from sekisho.decide.decision import Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.values import Ref
from sekisho.wire.kube.status import KubeError


class AdmissionCode(ReasonCode):
    """Stable identifiers: which plugin or webhook refused."""

    ACCOUNT = "admission.service-account", "the admission plugin ServiceAccount refuses: {problem}"
    CONDITION = (
        "admission.match-condition",
        "it cannot be told whether the webhook {webhook} of {configuration} is to be asked: {problem}",
    )
    POLICY = "admission.policy-denied", "a ValidatingAdmissionPolicy refuses: {problem}"
    DENIED = (
        "admission.webhook-denied",
        "the webhook {webhook} of {configuration} refuses: {problem}",
    )
    FAILED = (
        "admission.webhook-failed",
        "the webhook {webhook} of {configuration}, whose failurePolicy is Fail, was not asked: {problem}",
    )


class AdmissionRefusedError(KubeError):
    """A write that admission refuses: the Status, and the decision that says why."""

    def __init__(self, error: KubeError, decision: Decision[None]) -> None:
        super().__init__(error.code, error.reason, error.message, error.details)
        self.status_document = error.document()
        self.decision = decision

    @property
    def link(self) -> Link:
        """The checkpoint of the chain that refused."""
        return Link(LinkName.ADMISSION, self.decision)


def refusal(error: KubeError, code: AdmissionCode, at: Ref, **facts: str) -> AdmissionRefusedError:
    """Return a refusal with its one step."""
    step = Step(code, at, (*facts.items(), ("problem", error.message)))
    return AdmissionRefusedError(error, Decision(Outcome.DENY, (step,), (step,)))

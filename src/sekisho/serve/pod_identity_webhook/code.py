"""What a serving webhook itself has to say."""

from sekisho.decide.decision import ReasonCode


class WebhookCode(ReasonCode):
    """Why a review is answered without looking at its pod."""

    NOT_A_CREATION = (
        "pod-identity-webhook.not-a-creation",
        "only pods that are created are changed; this is {operation} of {resource}",
    )
    MAPPINGS_UNREAD = (
        "pod-identity-webhook.mappings-unread",
        "the service account {account} has no role of its own, and {source} was not read since the start",
    )

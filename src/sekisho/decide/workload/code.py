"""Stable codes of what admission does to a pod, and why it leaves one alone."""

from sekisho.decide.decision import ReasonCode


class WorkloadCode(ReasonCode):
    """One code for each way to credentials, each thing injected and each reason for which it is not."""

    POD_IDENTITY = (
        "workload.pod-identity",
        "the pod gets credentials from EKS Pod Identity: the service account {account} is associated",
    )
    WEB_IDENTITY = (
        "workload.web-identity",
        "the pod gets the role {role} by web identity: the service account {account} is annotated with it",
    )
    MAPPED = (
        "workload.mapped",
        "the pod gets the role {role} by web identity: the ConfigMap pod-identity-webhook gives it to {key}",
    )
    NOT_ANNOTATED = (
        "workload.not-annotated",
        "the service account {account} has no role: no annotation {annotation}, no mapping, no association",
    )
    NO_ACCOUNT = (
        "workload.no-account",
        "there is no service account {account}, and no mapping or association names it",
    )
    ACCOUNT_UNREAD = (
        "workload.account-unread",
        "the service account {account} could not be read, so nobody knows whether the pod gets a role",
    )
    INJECTED = "workload.injected", "the container {container} gets {added}"
    SKIPPED = "workload.container-skipped", "the container {container} is left alone: {annotation} lists it"
    COMPLETE = (
        "workload.container-complete",
        "the container {container} sets {variables} itself and is left alone, without the token's mount",
    )
    VARIABLE_SET = (
        "workload.variable-set",
        "the container {container} sets {variables} itself: {missed} is not injected, and what it set wins",
    )
    MOUNTED = "workload.already-mounted", "the container {container} mounts the volume {volume} already"
    VOLUME = (
        "workload.volume",
        "the pod gets the volume {volume}: a token for {audience} that lasts {seconds} s",
    )
    VOLUME_PRESENT = "workload.volume-present", "the pod has a volume {volume} already, which stays as it is"
    LABEL = "workload.label", "the pod gets the label {label}"
    ROLE_NOT_ARN = (
        "workload.role-not-arn",
        "{role} is injected as it is written, but it is not the ARN of an IAM role",
    )
    NO_AUDIENCE = (
        "workload.no-audience",
        "the audience is empty: the token will be one for the Kubernetes API, which STS refuses",
    )
    EXPIRATION_UNREADABLE = (
        "workload.expiration-unreadable",
        "{found} is not a number of seconds; {used} s are taken",
    )
    EXPIRATION_RAISED = (
        "workload.expiration-raised",
        "{found} s is less than a token may last; it lasts 600 s",
    )
    STS_UNREADABLE = (
        "workload.sts-unreadable",
        "{found} is neither true nor false; the default counts, which is {used}",
    )
    SKIP_UNREADABLE = (
        "workload.skip-unreadable",
        "{found} is not a list of names separated by commas, so no container is skipped",
    )

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
    CARRIES = "workload.carries", "the container {container} uses {source}, with the token at {file}"
    TO_COME = "workload.to-come", "its pods will get {source} when they are created: {account} has it"
    DIFFERS = (
        "workload.differs",
        "{pod} was created with {source} and keeps it; its service account {account} has {now} by now",
    )
    MISSED = (
        "workload.missed",
        "{pod} has nothing of {source}: it was created before {account} had it, or without the webhook",
    )
    MISSED_BEFORE = (
        "workload.missed-before",
        "{pod} has nothing of {source}: it was created at {created}, before {account} was, at {since}",
    )
    OPTED_OUT = "workload.opted-out", "{pod} has the label {label}, so the webhook is not asked about it"
    ALL_SKIPPED = "workload.all-skipped", "the annotation {annotation} of {pod} lists every container"
    OWN_KEYS = (
        "workload.own-keys",
        "the container {container} sets AWS_ACCESS_KEY_ID, and SDKs take that before any role",
    )
    VARIABLE_UNREAD = (
        "workload.variable-unread",
        "the container {container} takes {variable} from elsewhere, which was not read",
    )
    FILE_MISSING = "workload.token-file-missing", "{variable} of {container} is {file}, and no token is there"
    FILE_DOT = (
        "workload.token-file-dot",
        "{variable} of {container} is {file}: the dot at its end is one too many, and no file is there",
    )
    TOKEN = (
        "workload.token",
        "the token says: issuer {issuer}, subject {subject}, audience {audience}, {seconds} s",
    )
    ISSUER_UNREAD = (
        "workload.issuer-unread",
        "the issuer of {cluster} was not read, so nobody knows whose token it is",
    )
    PROFILE = "workload.profile", "the profile {profile} of the ConfigMap {config_map} leads to {role}"
    PROFILE_UNKNOWN = "workload.profile-unknown", "there is no profile {profile} in {config_map}"
    PROFILE_DOT = (
        "workload.profile-token-file-dot",
        "web_identity_token_file of the profile {profile} is {file}: the dot at its end is one too many",
    )
    PROFILE_FILE = (
        "workload.profile-token-file",
        "web_identity_token_file of the profile {profile} is {file}; the token is at {token}",
    )
    PROFILE_LOOP = "workload.profile-loop", "the profile {profile} comes back to itself by source_profile"
    ROLES_UNREAD = "workload.roles-unread", "the roles of account {account} were not read"
    PROVIDERS_UNREAD = (
        "workload.providers-unread",
        "the identity providers of account {account} were not read",
    )


class WorkloadFix(ReasonCode):
    """What would give a pod its role."""

    ANNOTATE = (
        "workload.fix.annotate",
        "annotate the service account {namespace}/{name} with a role that trusts it",
    )
    CREATE_ACCOUNT = "workload.fix.create-account", "create the service account {namespace}/{name}"
    RECREATE = "workload.fix.recreate", "create {pod} again, so that the webhook sees it"
    REMOVE_LABEL = "workload.fix.remove-label", "create {pod} again without the label {label}"
    REMOVE_ANNOTATION = (
        "workload.fix.remove-annotation",
        "create {pod} again without the annotation {annotation}",
    )
    REMOVE_VARIABLE = (
        "workload.fix.remove-variable",
        "take {variable} out of the container {container} and create the pod again",
    )
    CORRECT_ANNOTATION = (
        "workload.fix.correct-annotation",
        "annotate {namespace}/{name} with {role}",
    )
    CORRECT_AUDIENCE = (
        "workload.fix.correct-audience",
        "annotate {namespace}/{name} with the audience {audience} and create its pods again",
    )
    CREATE_ROLE = "workload.fix.create-role", "create {role} with a trust policy for {subject}"
    CORRECT_PROFILE = (
        "workload.fix.correct-profile",
        "write web_identity_token_file = {token} in the ConfigMap {config_map}",
    )

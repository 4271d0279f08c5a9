"""The reason codes of IAM evaluation."""

from sekisho.decide.decision import ReasonCode


class Code(ReasonCode):
    """Stable identifiers of what evaluation found."""

    ALLOWED = "iam.allowed", "a statement of {policy} allows {action} on {resource}"
    DENIED = "iam.denied", "a statement of {policy} denies {action} on {resource}"
    NO_ALLOW = "iam.no-statement-allows", "no policy of {principal} allows {action} on {resource}"
    NO_RESOURCE_ALLOW = (
        "iam.no-resource-policy-allows",
        "the policy of {resource} does not allow {principal} to do {action}",
    )
    NO_BOUNDARY_ALLOW = (
        "iam.no-boundary-allows",
        "the permissions boundary of {principal} does not allow {action} on {resource}",
    )
    NO_SESSION_ALLOW = (
        "iam.no-session-policy-allows",
        "no session policy of {principal} allows {action} on {resource}",
    )
    NO_SCP_ALLOW = (
        "iam.no-scp-allows",
        "no service control policy at level {level} over {principal} allows {action} on {resource}",
    )
    NO_PERMISSION_NEEDED = "iam.no-permission-needed", "{action} needs no permission and cannot be denied"
    ROOT = "iam.root-user", "the root user may do everything in its own account"

    ACTION = "iam.action-not-listed", "a statement of {policy} does not list {action}"
    ACTION_EXCLUDED = "iam.action-excluded", "a statement of {policy} leaves out {action} (NotAction)"
    PRINCIPAL = "iam.principal-not-listed", "a statement of {policy} does not name {principal}"
    PRINCIPAL_EXCLUDED = (
        "iam.principal-excluded",
        "a statement of {policy} leaves out {principal} (NotPrincipal)",
    )
    RESOURCE = "iam.resource-not-listed", "a statement of {policy} does not list {resource}"
    RESOURCE_EXCLUDED = "iam.resource-excluded", "a statement of {policy} leaves out {resource} (NotResource)"
    CONDITION = (
        "iam.condition-not-met",
        "a statement of {policy} asks for {key} {operator} {values}; it is {actual}",
    )

    CONDITION_UNREAD = (
        "iam.condition-unread",
        "a statement of {policy} ({effect}) hangs on {keys}, which could not be read",
    )
    VARIABLE_UNREAD = (
        "iam.variable-unread",
        "the resources of a statement of {policy} ({effect}) hang on {keys}, which could not be read",
    )
    PRINCIPAL_UNREAD = (
        "iam.principal-unread",
        "whether a statement of {policy} ({effect}) means {principal} hangs on {keys}, which was not read",
    )
    RESOURCE_UNREAD = (
        "iam.resource-policy-unread",
        "the policy of {resource}, which also decides on {action}, could not be read",
    )
    LAYER_UNREAD = "iam.layer-unread", "the {layer} that applies to {principal} could not be read"


class Near(ReasonCode):
    """How a statement that does not allow the request came close."""

    RESOURCE_CASE = "iam.near.resource-case", "{written} differs from {resource} in upper and lower case only"
    RESOURCE_SECTION = "iam.near.resource-section", "{written} fits {resource} but for the {section}"
    RESOURCE_STAR = (
        "iam.near.resource-star",
        "{action} has no resource types, so only `*` covers it, not {written}",
    )
    RESOURCE_OBJECTS = (
        "iam.near.resource-objects",
        "{written} and {resource} are a container and what is in it; each has to be listed",
    )
    ACTION_PREFIX = "iam.near.action-prefix", "{written} is the beginning of {action} and lacks a wildcard"
    ACTION_SERVICE = "iam.near.action-service", "{written} names another service than {action}"
    ACTION_SPELLING = "iam.near.action-spelling", "{written} is spelled almost like {action}"
    PRINCIPAL_CASE = (
        "iam.near.principal-case",
        "{written} differs from {principal} in upper and lower case only",
    )
    PRINCIPAL_ACCOUNT = (
        "iam.near.principal-account",
        "{written} has the name of {principal}, in another account",
    )
    PRINCIPAL_PATH = "iam.near.principal-path", "{written} has the name of {principal}, with another path"
    PRINCIPAL_SESSION = "iam.near.principal-session", "{written} is another session than {principal}"
    PRINCIPAL_RECREATED = (
        "iam.near.principal-recreated",
        "{written} stands for a principal that was deleted; {principal} was made after it and has another id",
    )
    PRINCIPAL_ISSUER = (
        "iam.near.principal-issuer",
        "{written} is another identity provider than {principal}",
    )


class Fix(ReasonCode):
    """What would turn a refusal."""

    ADD_ALLOW = "iam.fix.add-allow", "allow {action} on {resource} in a policy of {principal}"
    ADD_RESOURCE = "iam.fix.add-resource", "add {resource} to the resources at {at}"
    CORRECT_ACTION = "iam.fix.correct-action", "write {action} instead of {written} at {at}"
    ADD_GRANT = "iam.fix.add-grant", "allow {principal} to do {action} in the policy of {resource}"
    ASSUME_ROLE = (
        "iam.fix.assume-role-there",
        "ask as a role of the account that owns {resource}, which cannot have a policy of its own",
    )
    WIDEN_LIMIT = (
        "iam.fix.widen-limit",
        "allow {action} on {resource} in the {layer} of {principal}",
    )
    ADD_PRINCIPAL = "iam.fix.add-principal", "add {principal} to the principals at {at}"
    MEET_CONDITION = "iam.fix.meet-condition", "the statement at {at} would allow with {wanted}"
    NARROW_DENY = "iam.fix.narrow-deny", "take {action} on {resource} out of the deny at {at}"
    READ_FACTS = "iam.fix.read-facts", "read {keys} and ask again"
    READ_LAYER = "iam.fix.read-layer", "read the {layer} of {owner} and ask again"

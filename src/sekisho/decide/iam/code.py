"""The reason codes of IAM evaluation."""

from sekisho.decide.decision import ReasonCode


class Code(ReasonCode):
    """Stable identifiers of what evaluation found."""

    ALLOWED = "iam.allowed", "a statement of {policy} allows {action} on {resource}"
    DENIED = "iam.denied", "a statement of {policy} denies {action} on {resource}"
    NO_ALLOW = "iam.no-statement-allows", "no policy of {principal} allows {action} on {resource}"
    NO_PERMISSION_NEEDED = "iam.no-permission-needed", "{action} needs no permission and cannot be denied"
    ROOT = "iam.root-user", "the root user may do everything in its own account"

    ACTION = "iam.action-not-listed", "a statement of {policy} does not list {action}"
    ACTION_EXCLUDED = "iam.action-excluded", "a statement of {policy} leaves out {action} (NotAction)"
    RESOURCE = "iam.resource-not-listed", "a statement of {policy} does not list {resource}"
    RESOURCE_EXCLUDED = "iam.resource-excluded", "a statement of {policy} leaves out {resource} (NotResource)"
    CONDITION = (
        "iam.condition-not-met",
        "a statement of {policy} asks for {operator} on {key}, which is not met",
    )

    CONDITION_UNREAD = (
        "iam.condition-unread",
        "a statement of {policy} ({effect}) hangs on {keys}, which could not be read",
    )
    VARIABLE_UNREAD = (
        "iam.variable-unread",
        "the resources of a statement of {policy} ({effect}) hang on {keys}, which could not be read",
    )
    CROSS_ACCOUNT = (
        "iam.resource-policy-unread",
        "{resource} belongs to account {account}, whose resource policy has to allow {action} too",
    )


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


class Fix(ReasonCode):
    """What would turn a refusal."""

    ADD_ALLOW = "iam.fix.add-allow", "allow {action} on {resource} in a policy of {principal}"
    ADD_RESOURCE = "iam.fix.add-resource", "add {resource} to the resources at {at}"
    CORRECT_ACTION = "iam.fix.correct-action", "write {action} instead of {written} at {at}"
    MEET_CONDITION = "iam.fix.meet-condition", "make the request meet the condition at {at}"
    NARROW_DENY = "iam.fix.narrow-deny", "take {action} on {resource} out of the deny at {at}"
    READ_FACTS = "iam.fix.read-facts", "read {keys} and ask again"

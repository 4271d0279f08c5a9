"""IAM's refusals, with the code and HTTP status of each (IAM API Reference, "Common errors")."""

from sekisho.lab.aws.operation import AwsError


def no_such_entity(sentence: str) -> AwsError:
    """Return the refusal of a request about something that is not there."""
    return AwsError("NoSuchEntity", sentence, 404)


def already_exists(sentence: str) -> AwsError:
    """Return the refusal to make something twice."""
    return AwsError("EntityAlreadyExists", sentence, 409)


def delete_conflict(sentence: str) -> AwsError:
    """Return the refusal to delete what something else still hangs on."""
    return AwsError("DeleteConflict", sentence, 409)


def limit_exceeded(sentence: str) -> AwsError:
    """Return the refusal of one more than a quota allows."""
    return AwsError("LimitExceeded", sentence, 409)


def over_quota(quota: str, limit: int) -> AwsError:
    """Return the refusal that names a quota (IAM User Guide, "IAM and AWS STS quotas")."""
    return limit_exceeded(f"Cannot exceed quota for {quota}: {limit}")


def invalid_input(sentence: str) -> AwsError:
    """Return the refusal of a parameter whose form the model cannot describe."""
    return AwsError("InvalidInput", sentence)


def validation_error(sentence: str) -> AwsError:
    """Return the refusal of IAM's validator."""
    return AwsError("ValidationError", sentence)


def malformed_document(sentence: str) -> AwsError:
    """Return the refusal of a policy document."""
    return AwsError("MalformedPolicyDocument", sentence)


def unserved(sentence: str) -> AwsError:
    """Return the refusal of what AWS would do and the lab cannot; the sentence is ours."""
    return AwsError("SekishoUnserved", f"{sentence}; nothing was changed")

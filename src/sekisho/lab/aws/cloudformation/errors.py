"""CloudFormation's refusals, with the code of each (CloudFormation API Reference, "Common errors")."""

from sekisho.lab.aws.operation import AwsError


def invalid(sentence: str) -> AwsError:
    """Return the refusal of a request or of a template."""
    return AwsError("ValidationError", sentence)


def unserved(sentence: str) -> AwsError:
    """Return the refusal of what AWS would do and the lab cannot; the sentence is ours."""
    return AwsError("ValidationError", f"the lab does not serve {sentence}; nothing was changed")


def no_such_stack(name: str) -> AwsError:
    """Return the refusal of a request about a stack that is not there."""
    return invalid(f"Stack with id {name} does not exist")


def no_such_change_set(name: str) -> AwsError:
    """Return the refusal of a request about a change set that is not there."""
    return AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")

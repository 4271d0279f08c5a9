"""Organizations' refusals (AWS Organizations API Reference, errors of each operation); each is HTTP 400."""

from sekisho.lab.aws.operation import AwsError


def access_denied() -> AwsError:
    """Return the refusal of whatever only the management account may do."""
    return AwsError("AccessDeniedException", "You don't have permissions to access this resource.")


def not_in_use() -> AwsError:
    """Return the refusal of an account that is in no organization."""
    return AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")


def not_found(what: str, noun: str) -> AwsError:
    """Return the refusal of an id of nothing; ``what`` begins the code (``Parent``), ``noun`` is its word."""
    article = "an" if noun[0] in "aeiou" else "a"
    return AwsError(f"{what}NotFoundException", f"You specified {article} {noun} that doesn't exist.")


def account_not_found() -> AwsError:
    """Return the refusal of an account that is not in the organization, or not where it was said to be."""
    return not_found("Account", "account")


def invalid_input(reason: str, sentence: str) -> AwsError:
    """Return the refusal of a parameter, with its InvalidInputExceptionReason."""
    return AwsError("InvalidInputException", sentence, Reason=reason)


def constraint(reason: str, sentence: str) -> AwsError:
    """Return the refusal of what passes a limit, with its ConstraintViolationExceptionReason."""
    return AwsError("ConstraintViolationException", sentence, Reason=reason)


def unserved(sentence: str) -> AwsError:
    """Return the refusal of what AWS would do and the lab cannot; the sentence is ours."""
    return AwsError("SekishoUnserved", f"{sentence}; nothing was changed")

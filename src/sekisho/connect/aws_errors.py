"""What AWS and its libraries complain about, in Sekisho's three kinds of bad news.

A wrong option or configuration file is malformed input; everything else that goes wrong between here
and an AWS service is the environment. Texts are cut to their first line: STS appends to some of its
messages the request it received, which may hold a session token.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as aws

from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import Ref, SekishoInputError

_MAX_CHARS = 400
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "RequestThrottled",
    }
)
_UNREACHABLE = (aws.ConnectionError, aws.HTTPClientError, aws.MetadataRetrievalError)
_SIGN_IN_AGAIN = (aws.SSOError, aws.TokenRetrievalError, aws.LoginError, aws.NoAuthTokenError)
_CONFIGURATION = (
    aws.ConfigParseError,
    aws.ConfigNotFound,
    aws.InvalidConfigError,
    aws.PartialCredentialsError,
    aws.InvalidRegionError,
    aws.InvalidSTSRegionalEndpointsConfigError,
    aws.InvalidRetryConfigurationError,
    aws.InvalidProxiesConfigError,
    aws.UnknownCredentialError,
)


@contextmanager
def aws_errors(operation: str) -> Iterator[None]:
    """Translate what botocore raises inside the block.

    ``operation`` is spelled as in IAM policies (``sts:AssumeRole``).

    Raises:
        SekishoInputError: an unknown profile, no region, a configuration file that cannot be understood.
        EnvironmentFailure: no credentials, no network, an answer that is an error.
    """
    try:
        yield
    except aws.ClientError as error:
        raise _service_error(operation, error) from None
    except aws.ProfileNotFound as error:
        raise SekishoInputError.single("aws.profile-unknown", Ref("--profile"), one_line(error)) from None
    except aws.NoRegionError:
        raise SekishoInputError.single(
            "aws.no-region", Ref("--region"), "no region is configured", "give --region or set AWS_REGION"
        ) from None
    except _CONFIGURATION as error:
        raise SekishoInputError.single(
            "aws.configuration", Ref("AWS configuration"), one_line(error)
        ) from None
    except aws.ParamValidationError as error:
        problem = one_line(error.kwargs.get("report", ""))  # the first line of its text is only a heading
        raise SekishoInputError.single("aws.parameter", Ref(operation), problem) from None
    except aws.NoCredentialsError:
        raise EnvironmentFailure(
            operation, "no AWS credentials found in environment, profile, single sign-on or instance metadata"
        ) from None
    except _SIGN_IN_AGAIN as error:
        raise EnvironmentFailure(operation, f"{one_line(error)}; sign in with `aws sso login`") from None
    except _UNREACHABLE as error:
        can_retry = not isinstance(error, aws.SSLError)  # a certificate that is not trusted stays so
        raise EnvironmentFailure(operation, one_line(error), can_retry=can_retry) from None
    except aws.BotoCoreError as error:
        raise EnvironmentFailure(operation, one_line(error)) from None
    except EOFError:  # the prompt for a one-time password found nobody
        raise EnvironmentFailure(
            operation, "a one-time password is needed and there is no terminal"
        ) from None


def one_line(error: object) -> str:
    """Return the first line of the text of ``error``, begun in lower case, without a full stop."""
    line = str(error).strip().partition("\n")[0].rstrip(" .")[:_MAX_CHARS]
    is_sentence = line[:1].isupper() and line[1:2].islower()
    return line[:1].lower() + line[1:] if is_sentence else line


def _service_error(operation: str, error: aws.ClientError) -> EnvironmentFailure:
    answer = error.response
    code = str(answer.get("Error", {}).get("Code", "")) or "error without a code"
    text = str(answer.get("Error", {}).get("Message", "")).strip().partition("\n")[0][:_MAX_CHARS]
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    can_retry = code in _THROTTLED or (isinstance(status, int) and status >= 500)
    return EnvironmentFailure(operation, f"{code}: {text}" if text else code, can_retry=can_retry)

"""Which options of ``sekisho kubeconfig`` belong together: IAM's, or those of signing in."""

from sekisho.connect.login.kubeconfig_user import LoginOptions, check_login_options
from sekisho.decide.values import Ref, SekishoInputError


def login_options(options: LoginOptions, *, oidc: bool, iam: dict[str, str | None]) -> LoginOptions | None:
    """Return the options of the sign-in, None for a user of IAM; ``iam`` are the options of the latter alone.

    Raises:
        SekishoInputError: options of both, or what `sekisho login` would refuse.
    """
    given = options.given()
    if not oidc:
        if given:
            raise _fault(next(iter(given)), "only meaningful with --oidc")
        return None
    for option, value in iam.items():
        if value:
            raise _fault(option, "cannot go with --oidc: it is about a token of IAM")
    for option in ("--issuer", "--client-id"):
        if option not in given:
            raise _fault(option, "expected it with --oidc")
    return check_login_options(options)


def check_cluster(name: str | None, cluster: str | None, options: LoginOptions | None) -> None:
    """Check that exactly one cluster is named.

    Raises:
        SekishoInputError: both or none, or one of the file without another user.
    """
    if name and cluster:
        raise _fault("--cluster", "cannot go with --name")
    if cluster and options is None:
        raise _fault("--cluster", "only meaningful with --oidc")
    if not name and not cluster:
        raise _fault("--name", "expected the name of an EKS cluster")


def _fault(option: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single("kubeconfig.option", Ref(option), problem)

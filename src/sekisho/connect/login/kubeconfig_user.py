"""The user entry of a kubeconfig that lets kubectl sign people in with ``sekisho login``."""

from dataclasses import dataclass, replace
from pathlib import Path

from sekisho.connect.exec_credential import V1
from sekisho.connect.kubeconfig import Entries
from sekisho.connect.login.login_request import DEFAULT_ACCOUNT, parse_login_request
from sekisho.decide.values import Json, Ref, SekishoInputError


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """Options of ``sekisho login`` as a person gives them; empty: not given."""

    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    scope: str = ""
    certificate_authority: str = ""
    account: str = ""
    listen: str = ""
    redirect_path: str = ""

    def given(self) -> dict[str, str]:
        """Return option and value of what is given."""
        found = {
            "--issuer": self.issuer,
            "--client-id": self.client_id,
            "--client-secret-file": self.client_secret_file,
            "--scope": self.scope,
            "--certificate-authority": self.certificate_authority,
            "--account": self.account,
            "--listen": self.listen,
            "--redirect-path": self.redirect_path,
        }
        return {option: value for option, value in found.items() if value}


def check_login_options(options: LoginOptions) -> LoginOptions:
    """Return ``options`` with absolute files, if `sekisho login` would take them.

    Raises:
        SekishoInputError: it would not, or a file is missing.
    """
    parse_login_request(
        issuer=options.issuer,
        client_id=options.client_id,
        scope=options.scope,
        account=options.account,
        listen=options.listen,
        redirect_path=options.redirect_path,
    )
    return replace(
        options,
        client_secret_file=_absolute(options.client_secret_file, "--client-secret-file"),
        certificate_authority=_absolute(options.certificate_authority, "--certificate-authority"),
    )


def with_login(entries: Entries, options: LoginOptions, *, alias: str = "", user_alias: str = "") -> Entries:
    """Return ``entries`` with a user who signs in by ``options``, and a context for that user.

    The user is named for cluster and account, so that IAM's own entry stays and several accounts fit.
    """
    cluster = str(entries.cluster["name"])
    account = options.account or DEFAULT_ACCOUNT
    user = user_alias or f"{cluster}@oidc" + (f"@{account}" if account != DEFAULT_ACCOUNT else "")
    words: list[Json] = ["login"]
    for option, value in options.given().items():
        words += [option, value]
    command: dict[str, Json] = {
        "apiVersion": V1,
        "args": words,
        "command": "sekisho",
        # Nothing is read from standard input: `kubectl apply -f -` keeps its own.
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    return Entries(
        entries.cluster,
        {"name": user, "user": {"exec": command}},
        {"context": {"cluster": cluster, "user": user}, "name": alias or user},
    )


def _absolute(place: str, option: str) -> str:
    if not place:
        return ""
    path = Path(place).expanduser().absolute()
    if not path.is_file():
        raise SekishoInputError.single("file.unreadable", Ref(option), f"`{place}`: no such file")
    return str(path)

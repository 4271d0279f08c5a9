"""The file that tells a kube-apiserver where a webhook is: a kubeconfig with one cluster.

Source: Kubernetes documentation, "Authenticating", "Webhook Token Authentication".
"""

import base64
from pathlib import Path

from sekisho.connect.errors import EnvironmentFailure
from sekisho.serve.written_file import write_at_once


def webhook_file(url: str, authority: str) -> str:
    """Return the file for the webhook at ``url``, whose certificate ``authority`` (PEM) vouches for."""
    data = base64.b64encode(authority.encode()).decode()
    return (
        "apiVersion: v1\n"
        "kind: Config\n"
        "clusters:\n"
        "- name: sekisho\n"
        "  cluster:\n"
        f"    certificate-authority-data: {data}\n"
        f"    server: {url}\n"
        "users:\n"
        "- name: apiserver\n"
        "contexts:\n"
        "- name: webhook\n"
        "  context:\n"
        "    cluster: sekisho\n"
        "    user: apiserver\n"
        "current-context: webhook\n"
    )


def https_url(host: str, port: int, path: str) -> str:
    """Return the URL of a webhook; an IPv6 address is put into brackets (RFC 3986, section 3.2.2)."""
    return f"https://{f'[{host}]' if ':' in host else host}:{port}{path}"


def write_webhook_file(path: Path, text: str) -> None:
    """Write the file at ``path`` at once, mode 0600, with its folders.

    Raises:
        EnvironmentFailure: it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_at_once(path, text.encode(), 0o600)
    except OSError as error:
        raise EnvironmentFailure(
            f"write {path}",
            (error.strerror or str(error)).lower()
            + "; choose another --generate-kubeconfig, or --kubeconfig-pregenerated",
        ) from None

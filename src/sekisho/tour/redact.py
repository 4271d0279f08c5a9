"""Output of a client with every credential taken out of it."""

import re
from collections.abc import Iterable

from sekisho.decide.values import Secret

HIDDEN = "***"

_PATTERNS = (
    (re.compile(r"(k8s-aws-v1\.)[\w=-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\"(?:SecretAccessKey|SessionToken)\"\s*:\s*)\"[^\"]*\""), rf'\1"{HIDDEN}"'),
    (re.compile(r"((?:aws_secret_access_key|aws_session_token)\s*=\s*)\S+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(X-Amz-(?:Signature|Security-Token)=)[\w%.~+/=-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\[\*{4,}[^\]\s]{1,4}\]"), f"[{HIDDEN}]"),  # `aws configure` leaves the last four characters
)


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return ``text`` without cluster tokens, secret keys, session tokens and signatures.

    Total. ``secrets`` are values known to be secret, hidden wherever they appear.
    """
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    for secret in secrets:
        if value := secret.reveal():
            text = text.replace(value, HIDDEN)
    return text

"""Fresh identifiers of AWS's and Kubernetes' shapes."""

import secrets
import uuid

from sekisho.decide.values import Secret

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Ids:
    """Random identifiers from the system's source of randomness."""

    def unique_id(self, prefix: str) -> str:
        """Return an IAM unique id: 21 characters, of which an access key's (AKIA, ASIA) has 20."""
        length = 16 if prefix in ("AKIA", "ASIA") else 17
        return prefix + "".join(secrets.choice(_BASE32) for _ in range(length))

    def secret_key(self) -> Secret:
        """Return a secret access key: 40 characters."""
        return Secret("".join(secrets.choice(_BASE64) for _ in range(40)))

    def session_token(self) -> Secret:
        """Return a session token: opaque, of a real one's length."""
        return Secret("IQoJ" + "".join(secrets.choice(_BASE64) for _ in range(352)))

    def mfa_seed(self) -> Secret:
        """Return the seed of an MFA device: 320 bits, as 64 characters of Base32."""
        return Secret("".join(secrets.choice(_BASE32) for _ in range(64)))

    def request_id(self) -> str:
        """Return the id of a request, as ``x-amzn-RequestId`` and ``Audit-ID`` carry it."""
        return str(uuid.uuid4())

    def hex(self, digits: int) -> str:
        """Return ``digits`` upper-case hexadecimal digits (the id of an EKS issuer has 32)."""
        return secrets.token_hex((digits + 1) // 2)[:digits].upper()

    def organizations_id(self, prefix: str, stand_in: str = "") -> str:
        """Return an id of AWS Organizations: ``prefix`` and as many digits as AWS gives out."""
        del stand_in
        return prefix + self.hex({"r-": 4, "o-": 10, "p-": 10}.get(prefix, 8)).lower()

    def suffix(self, characters: int = 5) -> str:
        """Return the random end of a Kubernetes ``generateName``."""
        return "".join(secrets.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(characters))

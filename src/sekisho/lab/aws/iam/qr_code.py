"""The QR code from which an authenticator app learns the seed of a virtual MFA device.

The text is a Key URI (Google Authenticator wiki, "Key Uri Format"), with the label that IAM gives it
(IAM API Reference, "VirtualMFADevice").
"""

import io
from urllib.parse import quote

from sekisho.decide.values import Secret

ISSUER = "Amazon Web Services"
_PIXELS_PER_MODULE = 4


def enrolment_uri(device: str, account: str, seed: Secret) -> Secret:
    """Return the text that the code holds: the device's name, its account, the seed."""
    label = quote(f"{ISSUER}:{device}@{account}", safe=":@")
    return Secret(f"otpauth://totp/{label}?secret={seed.reveal()}&issuer={quote(ISSUER)}")


def qr_png(text: Secret) -> bytes:
    """Return a QR code as a PNG image (ISO/IEC 18004, error correction M)."""
    import segno

    image = io.BytesIO()
    code = segno.make_qr(text.reveal(), error="m", boost_error=False)
    code.save(image, kind="png", scale=_PIXELS_PER_MODULE)
    return image.getvalue()

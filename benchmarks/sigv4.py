"""SigV4 verification and signing, side by side with botocore's signer.

    python -m benchmarks.sigv4 [--json]

The best of a hundred slices counts. ``ratio`` is botocore's time for signing the same request, which is the
least that a verifier built on it would do, over ours.
"""

import base64
import hashlib
from datetime import timedelta

from benchmarks import harness
from benchmarks.harness import Row, microseconds
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sekisho.decide.proof import Credential, HttpRequest, Scope, presign, sign_headers, verify
from sekisho.decide.sts import role_session
from sekisho.decide.values import Instant, Secret

NOW = Instant.parse_amz("20310504T100000Z")
# As long as a real session token, and with as many characters that need escapes.
TOKEN = base64.b64encode(b"".join(hashlib.sha256(bytes([part])).digest() for part in range(20))).decode()
KEY = Credential(
    "ASIAEXAMPLE000000001",
    Secret("kelp/forest+harbor"),
    role_session("111122223333", "app", "AROAEXAMPLE000000001", "ci"),
    session_token=Secret(TOKEN),
    expires=NOW + timedelta(hours=1),
)
HOST = "sts.eu-north-1.amazonaws.com"
SCOPE = Scope("sts", frozenset({"eu-north-1"}))
QUERY = "Action=GetCallerIdentity&Version=2011-06-15"
BODY = QUERY.encode()
HEADERS = (
    ("host", HOST),
    ("accept", "application/json"),
    ("user-agent", "kube-apiserver/v1.33"),
    ("x-k8s-aws-id", "eks-clu"),
)
CALLS = 2000


def botocore_header() -> None:
    """Sign a form as botocore's clients do."""
    request = AWSRequest("POST", f"https://{HOST}/", headers=dict(HEADERS[1:]), data=BODY)
    SigV4Auth(Credentials(KEY.access_key_id, "kelp/forest+harbor", TOKEN), "sts", "eu-north-1").add_auth(
        request
    )


def botocore_query() -> None:
    """Presign a token as ``aws eks get-token`` does."""
    request = AWSRequest("GET", f"https://{HOST}/?{QUERY}", headers=dict(HEADERS[3:]))
    keys = Credentials(KEY.access_key_id, "kelp/forest+harbor", TOKEN)
    SigV4QueryAuth(keys, "sts", "eu-north-1", expires=60).add_auth(request)


def main() -> None:
    """Print the table."""
    report = harness.run("Measure Signature Version 4.")
    report.add("SigV4", measure())
    report.close()


def measure() -> list[Row]:
    """Return a row for each way to sign or verify."""
    unsigned = HttpRequest("GET", "/", QUERY, (HEADERS[0], HEADERS[3]))
    token = presign(unsigned, KEY.keys, NOW, region="eu-north-1", service="sts")
    received = HttpRequest("GET", "/", token.query, HEADERS)
    plain = HttpRequest("POST", "/", "", HEADERS, BODY)
    posted = sign_headers(plain, KEY.keys, NOW, region="eu-north-1", service="sts")
    look_up = {KEY.access_key_id: KEY}.get
    assert verify(received, look_up, NOW, SCOPE).allowed
    assert verify(posted, look_up, NOW, SCOPE).allowed

    def parse_and_verify() -> None:
        verify(HttpRequest("GET", "/", token.query, HEADERS), look_up, NOW, SCOPE)

    by_query, by_header = microseconds(botocore_query, CALLS), microseconds(botocore_header, CALLS)
    ours = (
        ("presign", lambda: presign(unsigned, KEY.keys, NOW, region="r", service="sts"), by_query),
        ("verify presigned", lambda: verify(received, look_up, NOW, SCOPE), by_query),
        ("parse and verify presigned", parse_and_verify, by_query),
        ("verify headers", lambda: verify(posted, look_up, NOW, SCOPE), by_header),
    )
    rows = [
        _row("botocore presigns", by_query, by_query),
        _row("botocore signs headers", by_header, by_header),
    ]
    return rows + [_row(name, microseconds(call, CALLS), reference) for name, call, reference in ours]


def _row(name: str, cost: float, reference: float) -> Row:
    return {"what": name, "us": cost, "per_second": round(1e6 / cost), "ratio": reference / cost}


if __name__ == "__main__":
    main()

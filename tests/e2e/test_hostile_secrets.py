"""No credential is anywhere but where credentials are kept, after it was made, used, changed and deleted."""

import base64
import json
import re
import secrets
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

from e2e.e2e_clients import client
from e2e.hostile_wire import Doors, render, rendered, signed, sts_request, token_of, token_url
from sekisho.testing import RunningLab
from support.boto_lab import HOME, new_user, profile

SECRETS = "/api/v1/namespaces/default/secrets"
KUBECTL_COPY = "kubectl.kubernetes.io/last-applied-configuration"


def test_no_secret_is_where_secrets_are_not_kept(sekisho_lab: RunningLab) -> None:
    doors = Doors.of(sekisho_lab)
    keys = doors.keys()
    url = token_url(keys)
    token = token_of(url)
    used = [token, url.rpartition("X-Amz-Signature=")[2]]
    kept = [keys.secret.reveal(), doors.keys("target-env").secret.reveal()]
    gone = []

    # Access keys: one that is deleted, one that stays.
    key_id, secret = _create_key(doors)
    gone.append(secret)
    assert "Error" not in _iam(doors, f"Action=DeleteAccessKey&UserName=eks-admin&AccessKeyId={key_id}")
    kept.append(_create_key(doors)[1])
    # A password and a token in bodies of requests, served or not.
    password = f"Pw!{secrets.token_urlsafe(20)}"
    used.append(password)
    _iam(doors, f"Action=CreateLoginProfile&UserName=eks-admin&Password={quote(password)}")
    review = {"spec": {"token": token}}
    answer = doors.kube(
        "POST", "/apis/authentication.k8s.io/v1/tokenreviews", token, json.dumps(review).encode()
    )
    assert answer.status == 201
    # Refused credentials are secrets too.
    wrong = token_of(url[:-1] + format(int(url[-1], 16) ^ 1, "x"))
    used += [wrong]
    assert doors.kube("GET", SECRETS, wrong).status == 401
    sekisho_lab.client.post("/explain-token", {"token": wrong, "cluster": "eks-clu"})
    # Secrets of Kubernetes, as kubectl writes them: with a copy of everything in an annotation.
    values = [f"value-{secrets.token_urlsafe(18)}" for _ in range(4)]
    kept += [values[1], values[2]]
    gone += [values[0], values[3]]
    for value in (values[0], values[1]):  # create, then replace
        _apply_secret(doors, token, "stays", value)
    text = json.dumps({"stringData": {"other": values[2]}}).encode()
    merge = (("content-type", "application/merge-patch+json"),)
    assert doors.kube("PATCH", f"{SECRETS}/stays", token, text, merge).status == 200
    _apply_secret(doors, token, "goes", values[3])
    assert doors.kube("DELETE", f"{SECRETS}/goes", token).status == 200

    read = json.loads(doors.kube("GET", f"{SECRETS}/stays", token).body)
    assert base64.b64decode(read["data"]["password"]).decode() == values[1]
    assert base64.b64decode(read["data"]["other"]).decode() == values[2]
    assert values[1] in read["metadata"]["annotations"][KUBECTL_COPY]

    answers = [json.dumps(sekisho_lab.client.get(path)) for path in ("/journal", "/facts", "/status")]
    _assert_none_in("an answer of the control socket", [*used, *kept, *gone], answers)
    sekisho_lab.stop()  # what was not yet written is; the write-ahead log is folded in
    _search(sekisho_lab, used=used, kept=kept, gone=gone)
    sekisho_lab.start()
    again = json.loads(doors.kube("GET", f"{SECRETS}/stays", token).body)
    assert again == read
    answers = [json.dumps(sekisho_lab.client.get(path)) for path in ("/journal", "/facts", "/status")]
    _assert_none_in("an answer after the restart", [*used, *kept, *gone], answers)


def test_no_secret_of_a_service_is_where_secrets_are_not_kept(sekisho_lab: RunningLab) -> None:
    """Passwords, seeds, codes, tokens, and what the services behind the door keep or refuse to give."""
    admin = profile(sekisho_lab, "default")
    stranger = new_user(admin, "stranger")
    used, kept = list[str](), [stranger.secret]

    def fresh() -> str:
        used.append(f"Aa1!{secrets.token_urlsafe(24)}")
        return used[-1]

    def both(service: str, operation: str, **parameters: Any) -> Any:
        """Ask as somebody who may not, then as somebody who may."""
        stranger.refused(service, operation, **parameters)
        return admin.ask(service, operation, **parameters)

    both("iam", "create_login_profile", UserName="stranger", Password=fresh())
    both("iam", "update_login_profile", UserName="stranger", Password=fresh())
    stranger.refused("iam", "change_password", OldPassword=used[-1], NewPassword=fresh())
    device = both("iam", "create_virtual_mfa_device", VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    kept.append(seed)
    wrong = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}
    serial = {"UserName": "stranger", "SerialNumber": device["SerialNumber"]}
    admin.refused("iam", "enable_mfa_device", **serial, **wrong)
    both("secretsmanager", "create_secret", Name="s", SecretString=fresh())
    both("secretsmanager", "put_secret_value", SecretId="s", SecretString=fresh())
    both("secretsmanager", "get_secret_value", SecretId="s")
    both("ssm", "put_parameter", Name="p", Type="SecureString", Value=fresh())
    both("ssm", "get_parameter", Name="p", WithDecryption=True)
    key = both("kms", "create_key")["KeyMetadata"]["KeyId"]
    plain = fresh().encode()
    blob = both("kms", "encrypt", KeyId=key, Plaintext=plain)["CiphertextBlob"]
    assert both("kms", "decrypt", CiphertextBlob=blob)["Plaintext"] == plain
    data_key = both("kms", "generate_data_key", KeyId=key, KeySpec="AES_256")["Plaintext"]
    used.append(base64.b64encode(data_key).decode())
    session = admin.ask("sts", "get_session_token")["Credentials"]
    kept += [session["SecretAccessKey"], session["SessionToken"]]
    token = f"{_part({'alg': 'RS256'})}.{_part({'iss': 'https://x.example', 'sub': fresh()})}.{fresh()[4:]}"
    used.append(token)
    role = {"RoleArn": f"arn:aws:iam::{HOME}:role/none", "RoleSessionName": "s-1"}
    admin.refused("sts", "assume_role_with_web_identity", **role, WebIdentityToken=token)
    admin.refused("sts", "assume_role", **role, SerialNumber=device["SerialNumber"], TokenCode="123456")
    presigned = admin.client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    place = urlsplit(presigned)
    told = parse_qs(place.query)
    used += next(found for name in ("X-Amz-Signature", "Signature") if (found := told.get(name)))
    doors = Doors.of(sekisho_lab)
    request = render("GET", f"{place.path}?{place.query}", [("host", place.netloc)], b"")
    assert doors.send(doors.aws(place.netloc), request).status in (400, 403, 404)

    hidden = [*used, *kept]
    answers = [json.dumps(sekisho_lab.client.get(path)) for path in ("/journal", "/facts", "/status")]
    _assert_none_in("an answer of the control socket", hidden, answers)
    saved = sekisho_lab.run([sys.executable, "-m", "sekisho", "world", "save", "-"])
    assert saved.returncode == 0, saved.stderr
    _assert_none_in("the saved world", hidden, [saved.stdout, saved.stderr])
    sekisho_lab.stop()
    _search(sekisho_lab, used=used, kept=kept, gone=[])


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_what_kubectl_applies_twice_is_a_secret_once(sekisho_lab: RunningLab) -> None:
    """The real kubectl computes its patch from its own copy, so the copy has to come back whole."""
    kubectl = client("kubectl")
    aws = client("aws")
    lab = sekisho_lab
    path = f"{aws.parent}:/usr/bin:/bin"
    assert lab.run([aws, "eks", "update-kubeconfig", "--name", "eks-clu"], PATH=path).returncode == 0
    first, second = (f"s3cr3t-{secrets.token_urlsafe(16)}" for _ in range(2))
    for members in ({"one": first, "two": first}, {"one": second}):
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "applied"},
            "stringData": members,
        }
        done = lab.run([kubectl, "apply", "-f", "-"], stdin=json.dumps(manifest), PATH=path)
        assert done.returncode == 0, done.stderr
    read = lab.run([kubectl, "get", "secret", "applied", "-o", "json"], PATH=path)
    encoded = json.loads(read.stdout)["data"]
    assert base64.b64decode(encoded["one"]).decode() == second
    facts = json.dumps(lab.client.get("/facts"))
    _assert_none_in("the facts", [first, second], [facts, json.dumps(lab.client.get("/journal"))])
    lab.stop()
    _search(lab, used=[], kept=[second], gone=[])


def _search(lab: RunningLab, *, used: list[str], kept: list[str], gone: list[str]) -> None:
    """Look into every file of the state directory, and into every table of the database but one."""
    with closing(sqlite3.connect(f"file:{lab.state.database}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        assert "secret" in tables
        for table in tables:
            rows = [
                str(row)
                for row in database.execute(f"SELECT * FROM {table}")  # noqa: S608 - names it gave us
            ]
            hidden = [*used, *gone] + ([] if table == "secret" else kept)
            _assert_none_in(f"the table {table}", hidden, rows)
    for file in sorted(path for path in lab.state.path.rglob("*") if path.is_file()):
        assert file.stat().st_mode & 0o077 == 0, file
        may_hold = file in (lab.state.database, lab.state.aws_credentials)
        hidden = [*used, *gone] + ([] if may_hold else kept)
        _assert_none_in(str(file), hidden, [_text(file)])


def _assert_none_in(where: str, hidden: Iterable[str], texts: list[str]) -> None:
    for value in hidden:
        for form in _forms(value):
            assert not any(form in text for text in texts), f"{where} holds {value[:8]}..."


def _forms(value: str) -> set[str]:
    """Return the ways a secret may be written, long enough not to be met by chance."""
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    return {
        value,
        encoded[:-1],
        encoded.translate(str.maketrans("+/", "-_"))[:-1],
        quote(value, safe=""),
        quote_plus(value),
    }


def _text(file: Path) -> str:
    return file.read_bytes().decode("latin-1")


def _create_key(doors: Doors) -> tuple[str, str]:
    answer = _iam(doors, "Action=CreateAccessKey&UserName=eks-admin")
    found = [re.search(rf"<{name}>([^<]+)</{name}>", answer) for name in ("AccessKeyId", "SecretAccessKey")]
    assert found[0] is not None, answer
    assert found[1] is not None
    return found[0][1], found[1][1]


def _iam(doors: Doors, body: str) -> str:
    request = sts_request("iam.amazonaws.com", f"{body}&Version=2010-05-08".encode())
    wanted = signed(request, doors.keys("target-env"), service="iam", region="us-east-1")
    return doors.send(doors.aws("iam.amazonaws.com"), rendered(wanted)).text


def _apply_secret(doors: Doors, token: str, name: str, value: str) -> None:
    wanted = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": name}}
    data = {"password": base64.b64encode(value.encode()).decode()}
    copy = json.dumps({**wanted, "stringData": {"password": value}})
    metadata = {"name": name, "namespace": "default", "annotations": {KUBECTL_COPY: copy}}
    body = json.dumps({**wanted, "metadata": metadata, "data": data}).encode()
    answer = doors.kube("PUT", f"{SECRETS}/{name}", token, body)
    if answer.status == 404:
        answer = doors.kube("POST", SECRETS, token, body)
    assert answer.status in (200, 201), answer.text

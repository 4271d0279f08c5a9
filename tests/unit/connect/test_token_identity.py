"""The cache key: whatever could change who signs, or what, changes it; nothing else does."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.connect.token_identity import cache_key
from sekisho.connect.token_request import RoleToAssume, TokenRequest

ROLE = RoleToAssume("arn:aws:iam::111122223333:role/dev", "ana", "x1")
REQUEST = TokenRequest("c", "eu-west-1", "dev", ROLE)
ENVIRON = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s", "PATH": "/bin"}

OTHER_REQUESTS = {
    "cluster": replace(REQUEST, cluster="d"),
    "region": replace(REQUEST, region="eu-west-2"),
    "profile": replace(REQUEST, profile="prod"),
    "no role": replace(REQUEST, role=None),
    "role": replace(REQUEST, role=replace(ROLE, arn="arn:aws:iam::111122223333:role/ops")),
    "session name": replace(REQUEST, role=replace(ROLE, session_name="bob")),
    "external id": replace(REQUEST, role=replace(ROLE, external_id="x2")),
    "a name that runs into the region": replace(REQUEST, cluster="ceu-west-1", region=""),
}


@pytest.mark.parametrize("other", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS.keys())
def test_another_request_has_another_key(other: TokenRequest, tmp_path: Path) -> None:
    assert cache_key(other, ENVIRON, tmp_path) != cache_key(REQUEST, ENVIRON, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ACCESS_KEY_ID", "AKIDOTHER"),
        ("AWS_SECRET_ACCESS_KEY", "t"),
        ("AWS_SESSION_TOKEN", "t"),
        ("AWS_PROFILE", "prod"),
        ("AWS_REGION", "eu-west-2"),
        ("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "legacy"),
        ("AWS_CONFIG_FILE", "/elsewhere"),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pod"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
    ],
)
def test_another_environment_has_another_key(name: str, value: str, tmp_path: Path) -> None:
    assert cache_key(REQUEST, ENVIRON | {name: value}, tmp_path) != cache_key(REQUEST, ENVIRON, tmp_path)


def test_what_has_no_say_does_not_count(tmp_path: Path) -> None:
    noise = ENVIRON | {"PATH": "/usr/bin", "AWS_PAGER": "less", "KUBECONFIG": "/k"}
    assert cache_key(REQUEST, noise, tmp_path) == cache_key(REQUEST, ENVIRON, tmp_path)


FILES: dict[str, tuple[str, Callable[[Path], dict[str, str]]]] = {
    "configuration": (".aws/config", lambda _: {}),
    "credentials": (".aws/credentials", lambda _: {}),
    "chosen configuration": ("conf", lambda home: {"AWS_CONFIG_FILE": str(home / "conf")}),
    "chosen from home": ("conf", lambda _: {"AWS_SHARED_CREDENTIALS_FILE": "~/conf"}),
    "web identity": ("token", lambda home: {"AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token")}),
    "single sign-on": (".aws/sso/cache/a.json", lambda _: {}),
    "sign-in": (".aws/login/cache/a.json", lambda _: {}),
}


@pytest.mark.parametrize(("name", "variables"), FILES.values(), ids=FILES.keys())
def test_another_version_of_a_file_has_another_key(
    name: str, variables: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    environ = ENVIRON | variables(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    without = cache_key(REQUEST, environ, tmp_path)
    path.write_text("one")
    with_it = cache_key(REQUEST, environ, tmp_path)
    path.write_text("other")
    assert len({without, with_it, cache_key(REQUEST, environ, tmp_path)}) == 3


def test_a_key_is_a_file_name_and_shows_nothing(tmp_path: Path) -> None:
    key = cache_key(REQUEST, ENVIRON | {"AWS_SECRET_ACCESS_KEY": "wJalr\udcff"}, tmp_path)
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")

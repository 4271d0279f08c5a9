"""Which command opens an address, and how an address ends the browser's session."""

import sys
from pathlib import Path

import pytest

from sekisho.connect.login.browser import browser_command, open_browser
from sekisho.connect.login.sign_out import end_session_url
from sekisho.decide.values import SekishoInputError


def test_what_is_chosen_comes_before_the_environment_and_the_desktop(tmp_path: Path) -> None:
    assert browser_command("my 'browser x' --new", {"BROWSER": "other"}) == ("my", "browser x", "--new")
    assert browser_command(None, {"BROWSER": "first:second"}) == ("first",)
    opener = tmp_path / "xdg-open"
    opener.write_text("#!/bin/sh\n")
    opener.chmod(0o755)
    if sys.platform != "darwin":
        assert browser_command(None, {"PATH": str(tmp_path), "DISPLAY": ":0"}) == (str(opener),)
        assert browser_command(None, {"PATH": str(tmp_path)}) == ()
        assert browser_command(None, {"PATH": "", "DISPLAY": ":0"}) == ()
        assert browser_command(None, {"PATH": "", "BROWSER": "'"}) == ()


@pytest.mark.parametrize("text", ["", "  ", "an 'open quote"])
def test_what_is_no_command(text: str) -> None:
    with pytest.raises(SekishoInputError, match="expected a command"):
        browser_command(text, {})


def test_a_command_that_is_not_there() -> None:
    assert not open_browser((), "https://issuer.example.com")
    assert not open_browser(("/nonexistent/browser",), "https://issuer.example.com")


def test_ending_a_session_shows_no_token() -> None:
    assert end_session_url("https://i/end", "kube", "") == "https://i/end?client_id=kube"
    assert end_session_url("https://i/end?a=b", "kube", "https://b/") == (
        "https://i/end?a=b&client_id=kube&post_logout_redirect_uri=https%3A%2F%2Fb%2F&logout_uri=https%3A%2F%2Fb%2F"
    )

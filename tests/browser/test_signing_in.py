"""People sign in at a user pool's pages with a real browser: what they see, and what the application gets."""

import sys

import pytest

from sekisho.lab.idp.code import PoolCode
from support.boto_lab import last_refusal
from support.browser_page import Page
from support.login_world import CHANGE, NAME, NEW, SECRET, SUBMIT, USER, LoginWorld
from support.user_pools import PASSWORD, TEMPORARY, part

SEKISHO = (sys.executable, "-m", "sekisho")
INCORRECT = "Incorrect username or password."


def arrived(world: LoginWorld, page: Page) -> dict[str, str]:
    """Return what the browser brought to the application, where it is now."""
    assert page.title == "The application"
    return world.app.came_back()[-1].query


def test_who_signs_in_is_brought_to_the_application_with_code_and_state(
    world: LoginWorld, page: Page
) -> None:
    world.show_sign_in(page)
    assert page.title == "Sign in to People"
    assert page.element("heading").name == "Sign in to People"
    assert f"to go on to kubectl at localhost:{world.app.port}" in page.text
    assert "not of AWS" in page.text
    world.sign_in(page)
    brought = arrived(world, page)
    assert (set(brought), brought["state"]) == ({"code", "state"}, "s 1")
    answer = world.tokens(brought["code"])
    assert part(answer.json["id_token"], 1)["email"] == USER


def test_a_wrong_password_is_told_and_the_name_stays(world: LoginWorld, page: Page) -> None:
    before = len(world.app.visits)
    world.show_wrong_password(page)
    assert page.title == "Error: Sign in to People"
    alert = page.element("alert")
    assert (page.text.count(INCORRECT), alert.properties["live"]) == (1, "assertive")
    for name in (NAME, SECRET):
        field = page.element("textbox", name)
        assert (field.properties["invalid"], field.description) == ("true", INCORRECT)
    assert page.focused().name == SECRET
    assert page.evaluate("document.getElementById('username').value") == USER
    assert page.evaluate("document.getElementById('password').value") == ""
    assert len(world.app.visits) == before
    page.type(PASSWORD)
    with page.leaving():
        page.press("Enter")
    assert "code" in arrived(world, page)


def test_nobody_and_somebody_see_the_same(world: LoginWorld, page: Page) -> None:
    shown = []
    for name in (USER, "nobody@example.com"):
        world.show_sign_in(page)
        world.sign_in(page, name, "Wrong-Passw0rd")
        shown.append(page.text)
    assert shown[0] == shown[1]


def test_guesses_lock_and_the_page_says_what_to_do(world: LoginWorld, page: Page) -> None:
    name = "guessed@example.com"
    world.pool.new_user(name)
    world.show_sign_in(page)
    for _ in range(12):  # the wait doubles: sooner or later it is longer than an attempt takes
        world.sign_in(page, name, "Wrong-Passw0rd")
        if INCORRECT not in page.text:
            break
    sentence = "Password attempts exceeded. Wait a few minutes before you try again."
    assert page.element("textbox", SECRET).description == sentence
    assert (page.focused().name, page.text.count(sentence)) == (SECRET, 1)


def test_a_temporary_password_has_to_be_changed(world: LoginWorld, page: Page) -> None:
    name = world.newcomer()
    world.show_sign_in(page)
    world.sign_in(page, name, TEMPORARY)
    assert page.title == "Choose a new password"
    assert f"The password that {name} was given is temporary." in page.text
    field = page.element("textbox", NEW)
    rules = (
        "Use at least 8 characters, with an upper-case letter, a lower-case letter, a number and a symbol."
    )
    assert (field.description, page.focused()) == (rules, field)
    world.change(page, "New-Passw0rd", "Other-Passw0rd")
    assert page.title == "Error: Choose a new password"
    assert page.element("textbox", NEW).description == f"The two passwords differ. {rules}"
    world.change(page, "short", "short")
    assert "Password not long enough" in page.text
    world.change(page, "New-Passw0rd", "New-Passw0rd")
    code = arrived(world, page)["code"]
    assert part(world.tokens(code).json["id_token"], 1)["email"] == name
    page.forget_cookies()
    world.show_sign_in(page)
    world.sign_in(page, name, "New-Passw0rd")
    assert "code" in arrived(world, page)


def test_who_was_asked_for_a_new_password_can_sign_in_as_someone_else(world: LoginWorld, page: Page) -> None:
    world.show_new_password(page)
    with page.leaving():
        page.click("link", "Sign in as someone else")
    world.sign_in(page)
    assert arrived(world, page)["state"] == "s 1"


def test_a_code_without_its_verifier_is_worth_nothing(world: LoginWorld, page: Page) -> None:
    world.show_sign_in(page)
    world.sign_in(page)
    code = arrived(world, page)["code"]
    refused = world.tokens(code, "w" * 43)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert last_refusal(world.lab)["code"] == PoolCode.PKCE
    assert world.tokens(code).json["error"] == "invalid_grant"


def test_a_page_that_is_loaded_again_brings_a_code_that_is_spent(world: LoginWorld, page: Page) -> None:
    world.show_sign_in(page)
    world.sign_in(page)
    code = arrived(world, page)["code"]
    assert world.tokens(code).status == 200
    with page.leaving():
        page.evaluate("location.reload()")
    assert arrived(world, page)["code"] == code
    assert world.tokens(code).json["error"] == "invalid_grant"
    assert last_refusal(world.lab)["code"] == PoolCode.CODE_REPLAYED


def test_a_browser_is_asked_again_after_an_hour_and_after_it_signed_out(
    world: LoginWorld, page: Page
) -> None:
    world.show_sign_in(page)
    world.sign_in(page)
    page.open(world.authorize())
    assert "code" in arrived(world, page)
    moved = world.lab.run([*SEKISHO, "clock", "+61m"])
    assert moved.returncode == 0, moved.stderr
    page.open(world.authorize())
    assert page.title == "Sign in to People"
    world.sign_in(page)
    arrived(world, page)
    page.open(f"{world.local}/logout?client_id={world.client}&logout_uri={world.app.url('/bye')}")
    assert page.url == world.app.url("/bye")
    page.open(world.authorize())
    assert page.title == "Sign in to People"


def test_the_time_for_a_new_password_ends(world: LoginWorld, page: Page) -> None:
    world.show_new_password(page)
    assert world.lab.run([*SEKISHO, "clock", "+16m"]).returncode == 0
    world.change(page, "New-Passw0rd", "New-Passw0rd")
    assert page.title == "Error: Sign in to People"
    assert page.text.count("The time to change the password is over. Sign in again.") == 1
    assert page.focused().name == NAME


@pytest.mark.parametrize("name", [SUBMIT, CHANGE])
def test_an_empty_form_goes_nowhere(world: LoginWorld, page: Page, name: str) -> None:
    (world.show_sign_in if name == SUBMIT else world.show_new_password)(page)
    page.click("button", name)
    page.wait("document.querySelector('input:invalid:focus') !== null")
    assert not page.title.startswith("Error")

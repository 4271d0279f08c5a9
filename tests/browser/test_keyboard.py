"""A sign-in without a mouse: the order of the stops, a focus that can be seen, and Enter."""

from support.browser_page import DARK, LIGHT, Element, Page
from support.login_world import AGAIN, CHANGE, NAME, NEW, SECRET, SUBMIT, USER, LoginWorld
from support.user_pools import PASSWORD, TEMPORARY

FOCUS = """(style => ({width: parseFloat(style.outlineWidth), style: style.outlineStyle,
  colour: style.outlineColor, paper: getComputedStyle(document.querySelector('main')).backgroundColor
}))(getComputedStyle(document.activeElement))"""


def stop(page: Page) -> Element:
    """Return what has the focus, which has to be seen to have it."""
    seen = page.evaluate(FOCUS)
    assert (seen["width"] >= 2, seen["style"]) == (True, "solid"), seen
    assert seen["colour"] != seen["paper"]
    return page.focused()


def stops(page: Page, presses: int, *, shift: bool = False) -> list[tuple[str, str]]:
    """Return where the focus is, now and after each press of the tabulator."""
    found = [stop(page)]
    for _ in range(presses):
        page.press("Tab", shift=shift)
        found.append(stop(page))
    return [(one.role, one.name) for one in found]


def test_somebody_signs_in_by_the_keyboard_alone(world: LoginWorld, page: Page) -> None:
    page.open(world.authorize())
    order = [("textbox", NAME), ("textbox", SECRET), ("button", SUBMIT)]
    for scheme in (LIGHT, DARK):
        page.show(1024, 768, scheme)
        assert stops(page, 2) == order
        assert stops(page, 2, shift=True) == order[::-1]
    page.type(USER)
    page.press("Tab")
    page.type("Wrong-Passw0rd")
    with page.leaving():
        page.press("Enter")
    assert stops(page, 1, shift=True) == [("textbox", SECRET), ("textbox", NAME)]
    page.press("Tab")
    page.type(PASSWORD)
    page.press("Tab")
    with page.leaving():
        page.press("Enter")
    assert page.title == "The application"


def test_somebody_changes_a_password_by_the_keyboard_alone(world: LoginWorld, page: Page) -> None:
    page.open(world.authorize())
    page.type(world.newcomer())
    page.press("Tab")
    page.type(TEMPORARY)
    with page.leaving():
        page.press("Enter")
    order = [("textbox", NEW), ("textbox", AGAIN), ("button", CHANGE), ("link", "Sign in as someone else")]
    assert stops(page, 3) == order
    assert stops(page, 3, shift=True) == order[::-1]
    page.type("New-Passw0rd")
    page.press("Tab")
    page.type("New-Passw0rd")
    with page.leaving():
        page.press("Enter")
    assert page.title == "The application"


def test_a_page_that_has_expired_is_left_by_the_keyboard(world: LoginWorld, page: Page) -> None:
    world.show_expired_form(page)
    assert page.title == "Error: Sign in once more"
    page.press("Tab")
    assert stops(page, 0) == [("link", "Open the page again")]
    with page.leaving():
        page.press("Enter")
    assert stop(page).name == NAME
    world.sign_in(page)
    assert page.title == "The application"

"""Every page and state of a sign-in: by day, by night, narrow, large, in few colours; axe-core on each."""

import re
from collections.abc import Callable

import pytest

from support.accessibility import violations
from support.browser_page import DARK, LIGHT, Page
from support.login_world import LoginWorld

PAGES: dict[str, Callable[[LoginWorld, Page], None]] = {
    "sign in": LoginWorld.show_sign_in,
    "wrong password": LoginWorld.show_wrong_password,
    "new password": LoginWorld.show_new_password,
    "refused password": LoginWorld.show_refused_password,
    "expired form": LoginWorld.show_expired_form,
    "error": LoginWorld.show_error,
}
FEW_COLOURS = {"forced-colors": "active", "prefers-reduced-motion": "reduce", "prefers-contrast": "more"}

# Everything that can be clicked or filled in: how high it is, and whether an edge shows in forced colours.
CONTROLS = """[...document.querySelectorAll('input:not([hidden]):not([type=hidden]), button, a')].map(one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return {name: one.id || one.textContent, height: box.height, left: box.left, right: box.right,
          inline: style.display === 'inline', edge: parseFloat(style.borderTopWidth),
          colour: style.borderTopColor, paper: style.backgroundColor};
})"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(params=list(PAGES.values()), ids=list(PAGES))
def shown(request: pytest.FixtureRequest, world: LoginWorld, page: Page) -> Page:
    """Return each page in turn."""
    request.param(world, page)
    return page


def brightness(page: Page, what: str, of: str = "body") -> float:
    """Return how bright a colour of an element is, from 0 to 1."""
    colour = page.evaluate(f"getComputedStyle(document.querySelector('{of}')).{what}")
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def test_a_page_is_for_everyone(shown: Page) -> None:
    check_schemes(shown)
    check_few_colours(shown)
    check_sizes(shown)


def check_schemes(shown: Page) -> None:
    """Hold a page against axe-core by day and by night."""
    for scheme in (LIGHT, DARK):
        shown.show(1024, 768, scheme)
        assert violations(shown) == [], scheme
    assert brightness(shown, "backgroundColor") < 0.2 < 0.7 < brightness(shown, "color")
    shown.show(1024, 768, LIGHT)
    assert brightness(shown, "color") < 0.3 < 0.8 < brightness(shown, "backgroundColor")
    assert len(shown.elements("heading")) == len(shown.elements("main")) == 1
    assert shown.evaluate("document.documentElement.lang") == "en"


def check_sizes(shown: Page) -> None:
    """Hold a page against narrow windows, large text and the reader's own spacing."""
    # WCAG 1.4.10: 320 px wide; 1.4.4: twice as large; a phone held sideways.
    for width, height, scale in ((320, 640, 2), (640, 360, 2), (740, 360, 1)):
        shown.show(width, height, scale=scale)
        assert shown.evaluate(OVERFLOW) <= 0, (width, height)
        for control in shown.evaluate(CONTROLS):
            assert control["left"] >= 0, control
            assert control["right"] <= width, control
            assert control["inline"] or control["height"] >= 44, control  # WCAG 2.5.5
    # WCAG 1.4.12: the reader's own spacing.
    shown.show(320, 640)
    spacing = (
        "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
    )
    shown.evaluate(
        f"(s => {{ s.replaceSync('{spacing}'); document.adoptedStyleSheets = [s] }})(new CSSStyleSheet())"
    )
    assert shown.evaluate(OVERFLOW) <= 0


def check_few_colours(shown: Page) -> None:
    """Hold a page against a system that picks the colours itself."""
    shown.show(1024, 768, FEW_COLOURS)
    assert shown.evaluate("matchMedia('(forced-colors: active)').matches") is True
    assert shown.evaluate("document.getAnimations().length") == 0
    # The system's colours are not the page's to choose, and axe-core computes with those that they replace.
    assert violations(shown, but="color-contrast") == []
    for control in shown.evaluate(CONTROLS):
        if not control["inline"]:
            assert control["edge"] >= 1, control
            assert control["colour"] != control["paper"], control
    edge = "parseFloat(getComputedStyle(document.querySelector('.alert')).borderTopWidth)"
    assert not shown.elements("alert") or shown.evaluate(edge) >= 1


def test_password_managers_are_told_what_is_what(world: LoginWorld, page: Page) -> None:
    shown = "[...document.querySelectorAll('input:not([type=hidden])')]"
    fields = f"{shown}.map(one => [one.name, one.autocomplete, one.type])"
    world.show_sign_in(page)
    assert page.evaluate(fields) == [
        ["username", "username", "text"],
        ["password", "current-password", "password"],
    ]
    assert page.evaluate("document.querySelector('#username').inputMode") == "email"
    world.show_new_password(page)
    assert page.evaluate(fields) == [
        ["username", "username", "text"],
        ["password", "new-password", "password"],
        ["again", "new-password", "password"],
    ]
    name = page.evaluate("document.querySelector('[name=username]').value")
    assert re.fullmatch(r"new-\d+@example\.com", name)

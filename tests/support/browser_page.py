"""One page in a real browser, as a person meets it: by roles and names, with the mouse and the keyboard."""

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from support.devtools import POLL_SECONDS, SECONDS, Chromium, DevToolsError

_KEYS: Final = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
}
_SHIFT: Final = 8
LIGHT, DARK = {"prefers-color-scheme": "light"}, {"prefers-color-scheme": "dark"}


@dataclass(frozen=True, slots=True)
class Element:
    """Something on the page: what a screen reader says of it."""

    role: str
    name: str
    description: str
    properties: dict[str, Any] = field(compare=False)
    node: int = field(compare=False)


@dataclass
class Page:
    """A tab with cookies of its own. See `new_page`."""

    browser: Chromium
    context: str
    session: str

    # --- going somewhere

    def open(self, url: str) -> None:
        """Go to an address and wait until the page is there."""
        with self.leaving():
            self._call("Page.navigate", url=url)

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Do what leads to another document, and wait until that is loaded."""
        self.evaluate("window.isLeft = true")
        yield
        self.wait("!window.isLeft && document.readyState === 'complete'")

    @property
    def url(self) -> str:
        """The address of the page."""
        found: str = self.evaluate("location.href")
        return found

    @property
    def title(self) -> str:
        """The title of the page."""
        found: str = self.evaluate("document.title")
        return found

    @property
    def text(self) -> str:
        """What the page shows as text."""
        found: str = self.evaluate("document.body.innerText")
        return found

    # --- finding and doing

    def element(self, role: str, name: str | None = None) -> Element:
        """Return the one element with a role, and a name if one is given, once it is there."""
        found: Element = _eventually(lambda: self._one(role, name), f"{role} {name or ''}")
        return found

    def elements(self, role: str, name: str | None = None) -> list[Element]:
        """Return the elements with a role, and a name if one is given, that are there now."""
        root = self._call("DOM.getDocument", depth=0)["root"]["backendNodeId"]
        named = {} if name is None else {"accessibleName": name}
        found = self._call("Accessibility.queryAXTree", backendNodeId=root, role=role, **named)
        return [_element(node) for node in found["nodes"] if not node["ignored"]]

    def click(self, role: str, name: str) -> None:
        """Click at the middle of an element."""
        node = self.element(role, name).node
        self._call("DOM.scrollIntoViewIfNeeded", backendNodeId=node)
        corners = self._call("DOM.getContentQuads", backendNodeId=node)["quads"][0]
        place = {"x": sum(corners[::2]) / 4, "y": sum(corners[1::2]) / 4}
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def fill(self, role: str, name: str, text: str) -> None:
        """Put a text into a field that is empty, or in the place of what it holds."""
        self.click(role, name)
        self.evaluate("document.activeElement.select()")
        self.type(text)

    def type(self, text: str) -> None:
        """Type into what has the focus, or gets it: a page gives it to its first field once it is drawn."""
        self.wait("document.activeElement !== document.body")
        self._call("Input.insertText", text=text)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        code, text = _KEYS[key]
        pressed = {
            "key": key,
            "code": key,
            "windowsVirtualKeyCode": code,
            "modifiers": _SHIFT if shift else 0,
        }
        more = {"text": text} if text else {}
        self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **pressed, **more)
        self._call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def focused(self) -> Element:
        """Return what has the focus."""
        active = self._call("Runtime.evaluate", expression="document.activeElement")["result"]["objectId"]
        found = self._call("Accessibility.getPartialAXTree", objectId=active, fetchRelatives=False)
        return _element(found["nodes"][0])

    # --- looking

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; the page's own policy does not hold for it."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise DevToolsError(str(found["exceptionDetails"].get("exception", {}).get("description")))
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true; documents may come and go meanwhile."""
        _eventually(lambda: self.evaluate(expression) or None, expression)

    def show(
        self, width: int, height: int, media: Mapping[str, str] | None = None, *, scale: float = 1
    ) -> None:
        """Set the size of the window, and what media queries find."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )
        features = [{"name": name, "value": value} for name, value in (media or {}).items()]
        self._call("Emulation.setEmulatedMedia", features=features)

    def picture(self) -> bytes:
        """Return what is shown as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    def cookies(self) -> dict[str, Any]:
        """Return the cookies that the browser took, by their names."""
        found = self.browser.call("Storage.getCookies", browserContextId=self.context)["cookies"]
        return {cookie["name"]: cookie for cookie in found}

    def trust_any_certificate(self) -> None:
        """Ask no authority about certificates, on this page."""
        self._call("Security.setIgnoreCertificateErrors", ignore=True)

    def forget_cookies(self) -> None:
        """Forget all cookies."""
        self.browser.call("Storage.clearCookies", browserContextId=self.context)

    def events(self, method: str) -> list[Any]:
        """Return what the page told so far by events of one kind."""
        return self.browser.events(self.session, method)

    def happened(self, method: str, wanted: Callable[[Any], bool]) -> Any:
        """Return the first event of one kind that is wanted, once it has happened."""
        return _eventually(
            lambda: next((one for one in self.events(method) if wanted(one)), None), f"an event {method}"
        )

    # ---

    def _one(self, role: str, name: str | None) -> Element | None:
        found = self.elements(role, name)
        return found[0] if len(found) == 1 else None

    def _call(self, method: str, /, **parameters: Any) -> Any:
        return self.browser.call(method, self.session, **parameters)


@contextmanager
def new_page(browser: Chromium, proxy: str = "") -> Iterator[Page]:
    """Open a page with cookies of its own, behind ``proxy`` if one is given, and close it at the end."""
    behind = {"proxyServer": proxy} if proxy else {}
    context = browser.call("Target.createBrowserContext", disposeOnDetach=True, **behind)["browserContextId"]
    target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    page = Page(browser, context, session)
    for domain in ("Page", "Runtime", "DOM", "Network", "Accessibility", "Log"):
        browser.call(f"{domain}.enable", session)
    page.show(1024, 768)
    try:
        yield page
    finally:
        browser.call("Target.disposeBrowserContext", browserContextId=context)


def _element(node: Any) -> Element:
    return Element(
        node["role"]["value"],
        node.get("name", {}).get("value", ""),
        node.get("description", {}).get("value", ""),
        {one["name"]: one["value"].get("value") for one in node.get("properties", ())},
        node["backendDOMNodeId"],
    )


def _eventually(found: Callable[[], Any], what: str) -> Any:
    """Return what is found, once it is; between two documents the browser has none to look at."""
    end = time.monotonic() + SECONDS
    while True:
        last = ""
        try:
            value = found()
            if value is not None:
                return value
        except DevToolsError as error:
            last = str(error)
        if time.monotonic() > end:
            raise AssertionError(f"there never was {what} {last}")
        time.sleep(POLL_SECONDS)

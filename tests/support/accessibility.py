"""What axe-core finds wrong with a page, in the colours that the page has now."""

from functools import cache
from typing import Any

from e2e.e2e_clients import client
from support.browser_page import Page


def violations(page: Page, *, but: str = "") -> list[str]:
    """Return the rules of axe-core that a page breaks, best practices included, with the places.

    ``but`` is a rule that cannot be judged here. A contrast that axe-core is not sure of counts as broken.
    """
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations', 'incomplete']})")
    assert len(found["passes"]) > 5, "axe looked at nothing"
    broken = [*found["violations"], *(one for one in found["incomplete"] if one["id"] == "color-contrast")]
    return [f"{one['id']}: {_place(node)}" for one in broken if one["id"] != but for node in one["nodes"]]


def _place(node: Any) -> str:
    return f"{node['html'][:100]} {node['failureSummary']}"


@cache
def _axe() -> str:
    return client("axe-core").read_text(encoding="utf-8")

"""The world that the articles assume."""

from pathlib import Path


def default_world() -> str:
    """Return the text of the default world file."""
    return (Path(__file__).parent / "world" / "default.yaml").read_text(encoding="utf-8")

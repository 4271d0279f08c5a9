"""``sekisho tour``: walk through an article with the real clients."""

import typer

app = typer.Typer(name="tour", help="Walk through an article with the real clients.", rich_markup_mode=None)

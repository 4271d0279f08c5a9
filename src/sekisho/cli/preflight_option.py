"""The option of `can` that asks about manifests."""

from typing import Annotated

import typer

PreflightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--preflight",
        metavar="FILE",
        help="Ask whether WHO may apply these manifests (- for stdin), and what they newly allow to whom; "
        "may be repeated.",
    ),
]

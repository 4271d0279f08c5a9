"""Where the facts of a question come from: a lab, files, or bare policies alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.errors import note
from sekisho.cli.file_text import read_text
from sekisho.cli.question.drafts import Drafts
from sekisho.cli.state_option import lab_client

if TYPE_CHECKING:
    from sekisho.review.source import Source


def read_source(
    files: Sequence[Path] | None, cluster: str | None, mode: str | None, state: str | None
) -> "Source":
    """Return the facts of ``files``, or of the running lab.

    Raises:
        SekishoInputError: a file cannot be read or understood.
        LabError: no lab runs.
    """
    from sekisho.cli.world_source import texts_beside
    from sekisho.review.source import from_files, from_lab

    if not files:
        return from_lab(lab_client(state).get("/facts"), cluster)
    named = [(str(path), read_text(str(path))) for path in files]
    texts = {name: text for world, content in named for name, text in texts_beside(world, content).items()}
    source = from_files(named, cluster, mode, texts)
    for notice in source.notices:
        note(f"note: {notice}")
    return source


def read_facts(
    files: Sequence[Path] | None, cluster: str | None, mode: str | None, state: str | None, drafts: Drafts
) -> "Source":
    """Return the facts of a question; with bare policies a lab is not asked.

    Raises:
        SekishoInputError: as `read_source`.
        LabError: no lab runs.
    """
    from sekisho.review.source import beside_texts, from_nothing

    alone = drafts.has_policy and not files
    source = from_nothing() if alone else read_source(files, cluster, mode, state)
    return beside_texts(source, drafts.texts)

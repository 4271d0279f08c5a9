"""``sekisho explain``: the page of a reason code."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import Form, FormOption, Style, write, write_document

if TYPE_CHECKING:
    from sekisho.cli.codes.page import Section
    from sekisho.decide.decision import ReasonCode

_MAX_SHOWN = 100


@report()
def explain(
    code: Annotated[
        str, typer.Argument(help="A code (rbac.verb-not-listed), the beginning of some (rbac.), or nothing.")
    ] = "",
    setup: Annotated[
        bool, typer.Option("--setup", help="Show also the documents that the examples of the page use.")
    ] = False,
    output: FormOption = Form.TEXT,
) -> None:
    """Explain a reason code: what it means, how it comes about, an example, and what to do.

    Codes stand in the answers of `why`, in the journal, in logs and in TokenReview's status.error.

    Example: sekisho explain mapping.not-mapped

    Example: sekisho explain rbac.

    JSON: {code, family, kind, sentence, page: {meaning, causes, example, repair, source, related}}; for the
    beginning of codes a list of {code, family, kind, sentence}. `kind` is refusal for a code that decides a
    refusal. Exit code 2 if there is no such code.
    """
    from sekisho.cli.codes.catalogue import catalogue

    codes = catalogue()
    wanted = code.strip().strip("[]`")
    if wanted in codes:
        _one(codes[wanted], output, setup=setup)
        return
    # A whole word is a family; what ends in a full stop or a hyphen may be the beginning of anything.
    found = [one for name, one in codes.items() if name.startswith(wanted if "." in wanted else f"{wanted}.")]
    if not wanted:
        found = list(codes.values())
    if not found:
        raise _unknown(wanted, codes)
    if output is Form.TEXT:
        width = max(len(one) for one in found)
        for one in found:
            # One sentence goes over two lines, as kube-apiserver's does.
            write(f"{one:<{width}}  {' '.join(one.sentence.split())}")
    else:
        write_document([_told(one) for one in found], output)


def _one(code: "ReasonCode", output: Form, *, setup: bool) -> None:
    from sekisho.cli.codes.catalogue import family_of
    from sekisho.cli.codes.page import page_of
    from sekisho.cli.codes.render import setup_lines, terminal_lines

    page = page_of(family_of(code))
    section = page.section(code)
    if output is not Form.TEXT:
        write_document({**_told(code), "page": _parts(section) if section else None}, output)
        return
    style = Style.detect()
    if section is None:
        write(style.strong(str(code)))
        write(style.quiet(f"  {code.sentence}"))
        write("")
        write(
            f"  A {_told(code)['kind']} in an answer; `sekisho explain {family_of(code)}.` lists its family."
        )
        return
    for line in terminal_lines(section, code, style):
        write(line)
    if not page.introduction:
        return
    if not setup:
        note("--setup shows what the example uses: its files, its Python")
    else:
        write("")
        write(style.strong("What the examples use"))
        for line in setup_lines(page):
            write(line)


def _told(code: "ReasonCode") -> dict[str, Any]:
    from sekisho.cli.codes.catalogue import family_of
    from sekisho.cli.codes.page import page_of

    kind = page_of(family_of(code)).steps.get(str(code), "refusal")
    return {"code": str(code), "family": family_of(code), "kind": kind, "sentence": code.sentence}


def _parts(section: "Section") -> dict[str, Any]:
    from sekisho.cli.codes.page import PARTS

    told: dict[str, Any] = {key: section.parts[name] for name, key in PARTS.items()}
    return {**told, "related": list(section.related)}


def _unknown(wanted: str, codes: "dict[str, ReasonCode]") -> Exception:
    from difflib import get_close_matches

    from sekisho.decide.values import Ref, SekishoInputError

    close = get_close_matches(wanted, codes, 3)
    if not close:
        # The reason alone, without its area, is what people remember.
        ends = {name.partition(".")[2]: name for name in codes}
        close = [ends[one] for one in get_close_matches(wanted.rpartition(".")[2], ends, 3)]
    hint = (
        f"did you mean {', '.join(f'`{one}`' for one in close)}?" if close else "`sekisho explain` lists all"
    )
    return SekishoInputError.single(
        "question.unknown-code", Ref("question"), f"there is no code `{wanted[:_MAX_SHOWN]}`", hint
    )

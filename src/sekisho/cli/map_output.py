"""How ``sekisho map`` says what it found and did: data for stdout, sentences for stderr."""

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from sekisho.connect.kube.map_edit import MapResult
from sekisho.decide.authn.aws_auth_edit import EditCode, Listed
from sekisho.decide.authn.entry import Section
from sekisho.decide.decision import Step, step_to_json
from sekisho.decide.values import InputFault

_HEADINGS = ("ARN", "USERNAME", "GROUPS", "ACCOUNT")


class ListForm(StrEnum):
    """Spellings of a list of mappings."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


class ResultForm(StrEnum):
    """Spellings of what an edit did."""

    TEXT = "text"
    JSON = "json"


def render_list(rows: Sequence[Listed], form: ListForm) -> str:
    """Return the rows as a table, or as the list of objects that ``eksctl get iamidentitymapping`` prints."""
    match form:
        case ListForm.TEXT:
            return _table([(r.arn, r.username, ",".join(r.groups), r.account) for r in rows])
        case ListForm.JSON:
            return json.dumps([_identity(row) for row in rows], indent=4, ensure_ascii=False) + "\n"
        case ListForm.YAML:
            import yaml

            return str(yaml.safe_dump([_identity(row) for row in rows], sort_keys=False, allow_unicode=True))


def render_result(result: MapResult, form: ResultForm, *, dry_run: bool) -> str:
    """Return the result as JSON; as text the difference on a dry run, and nothing otherwise."""
    difference = _difference(result.before, result.after)
    if form is ResultForm.TEXT:
        return difference if dry_run else ""
    body = {
        "changed": result.changed,
        "written": result.written,
        "refused": result.refused,
        "dryRun": dry_run,
        "backup": str(result.backup) if result.backup else None,
        "warnings": [step_to_json(step) for step in result.warnings],
        "refusals": [step_to_json(step) for step in result.refusals],
        "diff": difference,
    }
    return json.dumps(body, indent=4, ensure_ascii=False) + "\n"


def not_found(key: str, wanted: str) -> str:
    """Return the sentence for a mapping that is not there; ``key`` is ``arn`` or ``account``."""
    return f'no iamidentitymapping with {key} "{wanted}" found'


def negative_sentence(fault: InputFault, key: str, wanted: str) -> str:
    """Return what is said of a fault that is an answer, not a mistake; "" for all others."""
    match fault.code:
        case "map.not-found":
            return not_found(key, wanted)
        case "map.duplicate-arn":
            place = f"{fault.at.document}:{fault.line}" if fault.line else fault.at.document
            return (
                f'found existing mapping with the same arn "{wanted}" and shadowing is disabled '
                f"({place} at {fault.at.pointer})"
            )
        case _:
            return ""


def tell(result: MapResult, done: str, note: Callable[[str], None], *, dry_run: bool) -> None:
    """Tell ``note`` what happens, a line each; ``done`` is the sentence for an edit that is written."""
    for step in result.warnings:
        note(f"warning: {_sentence(step)}")
    for step in result.refusals:
        kind = "forced" if result.forced else "would be refused" if dry_run else "refused"
        note(f"{kind}: {step.sentence()}")
    if result.backup:
        note(f"aws-auth as it was is kept in {result.backup}")
    if result.written:
        note(done)
    elif result.changed and dry_run:
        note("nothing is written (dry run)")
    elif result.refused:
        note(
            "nothing is written; --force writes it, for those who have another way in (creator, access entry)"
        )


def _sentence(step: Step) -> str:
    if step.code is EditCode.EXISTS:
        return "found existing mapping that matches the one being created, skipping"
    return step.sentence()


def _identity(row: Listed) -> dict[str, object]:
    if row.account:
        return {"account": row.account}
    key = "rolearn" if Section.ROLES.value in row.at.tokens() else "userarn"
    named = {"username": row.username} if row.username else {}
    grouped = {"groups": list(row.groups)} if row.groups else {}
    return {key: row.arn, **named, **grouped}


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    table = [_HEADINGS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADINGS))]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in table)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    lines: list[str] = []
    for section in sorted({*before, *after}):
        old, new = (text.get(section, "").splitlines() for text in (before, after))
        names = (f"before/{section}", f"after/{section}")
        lines += [f"{line}\n" for line in difflib.unified_diff(old, new, *names, lineterm="")]
    return "".join(lines)

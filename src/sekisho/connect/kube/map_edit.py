"""Change aws-auth so that it can be taken back and locks nobody out by accident."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.edit_guard import concerns
from sekisho.connect.kube.stored import Load, Outrun, Stored
from sekisho.decide.authn.aws_auth_edit import Edit, Listed, listing
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.decision import Step

MAX_ATTEMPTS = 5
"""How often an edit is made on the newest version before others are let win."""

Change = Callable[[Stored], Edit]
"""A pure edit: what `aws_auth_edit` makes of one version."""


@dataclass(frozen=True, slots=True)
class MapResult:
    """What became of an edit.

    ``written`` is False if nothing had to change, on a dry run, and if ``refusals`` stopped it; of a
    ``forced`` edit they are what was overridden. ``backup`` is where ``before`` was kept, None if
    nothing was written or there was no ConfigMap before.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]
    changed: bool
    written: bool = False
    forced: bool = False
    warnings: tuple[Step, ...] = ()
    refusals: tuple[Step, ...] = ()
    backup: Path | None = None

    @property
    def refused(self) -> bool:
        """Whether the edit was stopped, or on a dry run would be."""
        return bool(self.refusals) and not self.forced


def mappings_of(stored: Stored, arn: str = "") -> tuple[Listed, ...]:
    """Return the entries in document order; with ``arn`` those written like it or of the same principal.

    Raises:
        SekishoInputError: a section cannot be read.
    """
    rows = listing(stored.data, stored.at)
    if not arn:
        return rows
    wanted = Reading.CANONICAL.key(arn)
    return tuple(
        row
        for row in rows
        if row.arn.lower() == arn.lower() or (wanted and Reading.CANONICAL.key(row.arn) == wanted)
    )


def edit_map(
    load: Load,
    change: Change,
    *,
    caller: Callable[[], StsIdentity] | None,
    keep: Callable[[str], Path],
    announce: Callable[[MapResult], None],
    force: bool = False,
    dry_run: bool = False,
) -> MapResult:
    """Make ``change`` on the newest version; again, on a newer one, if somebody else was faster.

    ``caller`` tells whose credentials edit (None: nobody can be locked out), asked once and only if
    something changes. ``keep`` writes a backup and returns its path; without one nothing is written.
    ``announce`` hears the result before the write, so that a person knows of warnings and of the
    backup even if the answer to the write is lost; it hears again when the edit is made again.

    Raises:
        SekishoInputError: the edit makes no sense, or a section cannot be read.
        EnvironmentFailure: reading, keeping or writing failed, or others were faster every time.
    """
    identity: StsIdentity | None = None
    for _ in range(MAX_ATTEMPTS):
        stored = load()
        edit = change(stored)
        if not edit.changed:
            unchanged = MapResult(stored.data, stored.data, changed=False, warnings=edit.warnings)
            announce(unchanged)
            return unchanged
        if identity is None and caller is not None:
            identity = caller()
        found = concerns(stored.data, edit.data, identity, stored.at)
        result = MapResult(
            stored.data,
            edit.data,
            changed=True,
            forced=force,
            warnings=(*edit.warnings, *found.warnings),
            refusals=found.refusals,
        )
        if dry_run or result.refused:
            announce(result)
            return result
        backup = keep(stored.backup) if stored.backup else None
        result = replace(result, written=True, backup=backup)
        announce(result)
        try:
            stored.write(edit.data)
        except Outrun:
            continue
        return result
    raise EnvironmentFailure(
        "write aws-auth", f"others changed it {MAX_ATTEMPTS} times meanwhile", can_retry=True
    )

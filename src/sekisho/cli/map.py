"""``sekisho map``: IAM identity mappings of a cluster, as ``eksctl create|get|delete iamidentitymapping``.

Over eksctl: a backup before each write, the write refused if somebody else was faster and then made
again on the newer version, the caller and the nodes not locked out by accident, a dry run, and the
same edits on a file (``-f``), which needs no AWS credentials and so knows no caller.
"""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.group import command_group
from sekisho.cli.map_migrate import migrate
from sekisho.cli.map_options import ClusterOption, FileOption, ProfileOption, RegionOption
from sekisho.cli.map_output import (
    ListForm,
    ResultForm,
    negative_sentence,
    not_found,
    render_list,
    render_result,
    tell,
)
from sekisho.connect.kube.backup import backup_directory, write_backup
from sekisho.connect.kube.map_edit import Change, edit_map, mappings_of
from sekisho.connect.kube.stored import Load, Stored
from sekisho.connect.token_request import parse_token_request
from sekisho.connect.tokens import system_clock
from sekisho.decide.authn import aws_auth_edit
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.values import Ref, SekishoInputError

REFUSED = 1
"""Exit code of a negative answer: no such mapping, another mapping of the ARN, an edit that locks out."""

app = command_group(
    "map", "List and change the IAM identity mappings (aws-auth) of a cluster or of a manifest."
)

ForceOption = Annotated[
    bool, typer.Option("--force", help="Write even if it locks out you or the last nodes.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the difference and write nothing.")]
BackupOption = Annotated[
    Path | None, typer.Option("--backup-dir", help="Folder of backups (XDG state folder, sekisho/backups).")
]
ResultOption = Annotated[ResultForm, typer.Option("--output", "-o", help="Form of the answer.")]


app.command("migrate")(migrate)


@app.command("create")
@report()
def create(
    cluster: ClusterOption = None,
    file: FileOption = None,
    arn: Annotated[str | None, typer.Option("--arn", help="ARN of the IAM role or user to map.")] = None,
    username: Annotated[str, typer.Option("--username", help="User name in Kubernetes.")] = "",
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Group in Kubernetes; may be repeated.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="Let in all users and roles of this account instead.")
    ] = None,
    no_duplicate_arns: Annotated[
        bool, typer.Option("--no-duplicate-arns", help="Leave an ARN alone that is mapped already.")
    ] = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
    force: ForceOption = False,
    dry_run: DryRunOption = False,
    backup_dir: BackupOption = None,
    output: ResultOption = ResultForm.TEXT,
) -> None:
    """Map an IAM role or user, or an account, to Kubernetes.

    Example: sekisho map create --cluster eks-clu --arn arn:aws:iam::111122223333:user/eks-ope
    --group operators --no-duplicate-arns

    Exit code 0 if the mapping is there (now or already), 1 if the ARN is mapped to something else
    (with --no-duplicate-arns) or the edit would lock out you or the last nodes.

    JSON: {changed, written, refused, dryRun, backup (path or null), warnings, refusals
    (each {code, at, sentence, facts}), diff}.
    """
    _one_of("--arn", arn, "--account", account)
    if account and (username or group or no_duplicate_arns):
        raise _usage("--account", "--account goes with no other option of a mapping")
    place = _open(cluster, file, region, profile, make=True)
    change: Change
    if account:
        done = f'adding account "{account}" to auth ConfigMap'
        change = partial(_add_account, account)
    else:
        done = f'adding identity "{arn}" to auth ConfigMap'
        note(f"checking arn {arn} against entries in the auth ConfigMap")
        new = aws_auth_edit.NewMapping(arn or "", username, tuple(group or ()))
        change = partial(_add, new, no_duplicate_arns)
    key, wanted = ("account", account) if account else ("arn", arn or "")
    _edit(place, change, done, _Settings(key, wanted, force, dry_run, backup_dir, output))


@app.command("get")
@report()
def get(
    cluster: ClusterOption = None,
    file: FileOption = None,
    arn: Annotated[str | None, typer.Option("--arn", help="Only mappings of this IAM role or user.")] = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    output: Annotated[ListForm, typer.Option("--output", "-o", help="Form of the list.")] = ListForm.TEXT,
) -> None:
    """List the identity mappings of a cluster.

    Example: sekisho map get --cluster eks-clu -o json

    Exit code 1 if nothing maps the --arn that was asked for.

    JSON and YAML: a list of {rolearn or userarn, username, groups} and {account}; a member that is
    empty is left out.
    """
    place = _open(cluster, file, region, profile)
    with place.lines:
        rows = mappings_of(place.load(), arn or "")
    if arn and not rows:
        _refuse(not_found("arn", arn))
    sys.stdout.write(render_list(rows, output))


@app.command("delete")
@report()
def delete(
    cluster: ClusterOption = None,
    file: FileOption = None,
    arn: Annotated[
        str | None, typer.Option("--arn", help="ARN of the IAM role or user whose first mapping goes.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All mappings of the ARN; none is then no error.")
    ] = False,
    account: Annotated[str | None, typer.Option("--account", help="Account that is let in no more.")] = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    force: ForceOption = False,
    dry_run: DryRunOption = False,
    backup_dir: BackupOption = None,
    output: ResultOption = ResultForm.TEXT,
) -> None:
    """Remove an identity mapping.

    Example: sekisho map delete --cluster eks-clu --arn arn:aws:iam::111122223333:user/eks-ope

    Exit code 1 if there is no such mapping or the edit would lock out you or the last nodes.

    JSON: as of `map create`.
    """
    _one_of("--arn", arn, "--account", account)
    if account and every:
        raise _usage("--all", "--all goes with --arn")
    place = _open(cluster, file, region, profile)
    change: Change
    if account:
        done = f'removing account "{account}" from auth ConfigMap'
        change = partial(_remove_account, account)
    else:
        done = f'removing identity "{arn}" from auth ConfigMap'
        change = partial(_remove, arn or "", every)
    key, wanted = ("account", account) if account else ("arn", arn or "")
    _edit(place, change, done, _Settings(key, wanted, force, dry_run, backup_dir, output))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where aws-auth is: a cluster, or a file (then nobody is the caller)."""

    label: str
    load: Load
    caller: Callable[[], StsIdentity] | None
    lines: AbstractContextManager[None]


@dataclass(frozen=True, slots=True)
class _Settings:
    key: str
    wanted: str
    force: bool
    dry_run: bool
    backup_dir: Path | None
    output: ResultForm


def _open(
    cluster: str | None, file: Path | None, region: str | None, profile: str | None, *, make: bool = False
) -> _Place:
    _one_of("--cluster", cluster, "--file", file)
    if file is not None:
        from sekisho.connect.kube.file_aws_auth import lines_of_file, load_from_file

        return _Place(file.stem, partial(load_from_file, file, make=make), None, lines_of_file(file))
    request = parse_token_request(cluster_name=cluster, cluster_id=None, region=region, profile=profile)
    # Loading botocore takes time that an edit of a file need not spend.
    from sekisho.connect.kube.cluster_access import open_cluster
    from sekisho.connect.kube.cluster_aws_auth import load_from_cluster

    access = open_cluster(request, os.environ, system_clock)
    arn = access.cluster.arn
    label = f"{arn.account}-{arn.region}-{access.cluster.name}-aws-auth"
    return _Place(label, partial(load_from_cluster, access.client), access.caller, nullcontext())


def _edit(place: _Place, change: Change, done: str, settings: _Settings) -> None:
    folder = settings.backup_dir or backup_directory(os.environ, Path.home())
    try:
        with place.lines:
            result = edit_map(
                place.load,
                change,
                caller=place.caller,
                keep=lambda text: write_backup(folder, place.label, system_clock(), text),
                announce=lambda result: tell(result, done, note, dry_run=settings.dry_run),
                force=settings.force,
                dry_run=settings.dry_run,
            )
    except SekishoInputError as error:
        sentence = negative_sentence(error.faults[0], settings.key, settings.wanted)
        if not sentence:
            raise
        _refuse(sentence)
    sys.stdout.write(render_result(result, settings.output, dry_run=settings.dry_run))
    if result.refused:
        raise SystemExit(REFUSED)


def _add(new: aws_auth_edit.NewMapping, no_duplicate_arns: bool, stored: Stored) -> aws_auth_edit.Edit:
    return aws_auth_edit.add(stored.data, new, no_duplicate_arns=no_duplicate_arns, at=stored.at)


def _add_account(account: str, stored: Stored) -> aws_auth_edit.Edit:
    return aws_auth_edit.add_account(stored.data, account, at=stored.at)


def _remove(arn: str, every: bool, stored: Stored) -> aws_auth_edit.Edit:
    return aws_auth_edit.remove(stored.data, arn, every=every, at=stored.at)


def _remove_account(account: str, stored: Stored) -> aws_auth_edit.Edit:
    return aws_auth_edit.remove_account(stored.data, account, at=stored.at)


def _one_of(first: str, one: object, second: str, other: object) -> None:
    if bool(one) == bool(other):
        raise _usage(first, f"expected {first} or {second}, one of them")


def _usage(option: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single("map.usage", Ref(option), problem)


def _refuse(sentence: str) -> NoReturn:
    note(sentence)
    raise SystemExit(REFUSED)

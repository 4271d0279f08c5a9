"""``sekisho map migrate``: aws-auth as access entries: the plan, the proof, and on demand the deed."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.map_options import ClusterOption, FileOption, ProfileOption, RegionOption
from sekisho.cli.output import Form, FormOption, write, write_document
from sekisho.connect.kube.file_aws_auth import load_from_file
from sekisho.connect.token_request import parse_token_request
from sekisho.connect.tokens import system_clock
from sekisho.decide.authn import aws_auth
from sekisho.decide.authn.aws_auth import AwsAuth
from sekisho.decide.authn.aws_auth_edit import READ_AS_EKS
from sekisho.decide.chain.migration import AccessCode, ClusterState, effect, state_of
from sekisho.decide.decision import Step, step_to_json
from sekisho.decide.eks.access_entry import AccessEntry, EntryType
from sekisho.decide.eks.migration import Plan, plan
from sekisho.decide.rbac.index import Index
from sekisho.decide.values import AccountId, Ref, SekishoInputError

_HARMLESS = (AccessCode.KEEPS, AccessCode.RENAMED, AccessCode.STAYS_OUT)

REFUSED = 1
"""Exit code if somebody would lose or gain access, or might."""


class TargetMode(StrEnum):
    """The mode that a migration ends in."""

    API_AND_CONFIG_MAP = "API_AND_CONFIG_MAP"
    API = "API"


@dataclass(frozen=True, slots=True)
class Found:
    """What there is now. ``apply`` makes a plan true; None for a file, which no cluster reads."""

    name: str
    mode: str
    auth: AwsAuth
    entries: tuple[AccessEntry, ...]
    rbac: Index | None
    account: AccountId | None
    in_iam: dict[str, str]
    eks: Any = None


@report()
def migrate(
    cluster: ClusterOption = None,
    file: FileOption = None,
    target: Annotated[
        TargetMode, typer.Option("--target-authentication-mode", help="Mode that the cluster shall end in.")
    ] = TargetMode.API_AND_CONFIG_MAP,
    apply: Annotated[bool, typer.Option("--apply", help="Make the access entries, through EKS.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Apply even if somebody gains or loses access.")
    ] = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Turn the mappings of aws-auth into access entries; without --apply the plan is only shown.

    Example: sekisho map migrate --cluster eks-clu --target-authentication-mode API --apply

    Whoever is known by name is taken through authentication and authorization, before and after; the
    answer says who keeps, gains or loses access. system:masters becomes AmazonEKSClusterAdminPolicy.
    aws-auth itself stays as it is; in mode API nothing reads it.

    Exit code 1 if somebody gains or loses access or that cannot be told; --apply then needs --force.

    JSON: {cluster, authenticationMode, targetAuthenticationMode, accessEntries (each {principalArn, type,
    username, kubernetesGroups, accessPolicies, from}), left, access (both steps), applied}.
    """
    if bool(cluster) == bool(file):
        raise _usage("--cluster", "expected --cluster or --file, one of them")
    if apply and file is not None:
        raise _usage("--apply", "--apply needs --cluster: a file has no EKS")
    found = _from_file(file) if file is not None else _from_cluster(cluster or "", region, profile)
    if found.mode == TargetMode.API and target is not TargetMode.API:
        problem = f"the cluster is in mode {found.mode}, from which no way leads to {target}"
        raise _usage("--target-authentication-mode", problem)
    planned = plan(found.auth, found.account, [one.principal for one in found.entries], found.in_iam)
    effects = _effects(found, planned, target)
    is_safe = all(step.code in _HARMLESS for step in effects) and (
        target is TargetMode.API_AND_CONFIG_MAP or planned.loses_nothing_in_api
    )
    may = apply and (is_safe or force)
    document = _document(found, planned, effects, target, applied=may)
    if output is Form.TEXT:
        _show(found, planned, effects, target)
    if may:
        _apply(found, planned, target)
    elif apply:
        note("nothing is changed: somebody would gain or lose access; --force applies it all the same")
    if output is not Form.TEXT:
        write_document(document, output)
    sys.stdout.flush()
    if not is_safe:
        raise SystemExit(REFUSED)


def _usage(option: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single("map.usage", Ref(option), problem)


def _from_file(file: Path) -> Found:
    stored = load_from_file(file, make=False)
    return Found(file.stem, "CONFIG_MAP", _parsed(stored.data, stored.at), (), None, None, {})


def _from_cluster(name: str, region: str | None, profile: str | None) -> Found:
    # Loading botocore takes time that a plan from a file need not spend.
    from sekisho.connect.access_entries import arns_in_iam, read_entries
    from sekisho.connect.aws_session import current_keys, open_client, open_session
    from sekisho.connect.errors import EnvironmentFailure
    from sekisho.connect.kube.cluster_access import open_cluster
    from sekisho.connect.kube.cluster_aws_auth import load_from_cluster
    from sekisho.connect.kube.cluster_rbac import read_rbac

    request = parse_token_request(cluster_name=name, cluster_id=None, region=region, profile=profile)
    access = open_cluster(request, os.environ, system_clock)
    session = open_session(request.profile, request.region, os.environ)
    keys = current_keys(session)
    eks, iam = open_client(session, "eks", keys), open_client(session, "iam", keys)
    has = read_entries(eks, access.cluster.name)
    stored = load_from_cluster(access.client)
    auth = _parsed(stored.data, stored.at)
    account = AccountId(access.cluster.arn.account)
    try:
        rbac: Index | None = read_rbac(access.client)
    except EnvironmentFailure as error:
        note(f"the RBAC objects cannot be read ({error}): groups are compared by name")
        rbac = None
    arns = [one.arn for one in auth.mappings]
    in_iam = arns_in_iam(iam, arns, account)
    return Found(access.cluster.name, has.mode, auth, has.entries, rbac, account, in_iam, eks)


def _parsed(data: Any, at: Ref) -> AwsAuth:
    auth = aws_auth.parse(data, READ_AS_EKS, at)
    if auth.faults:
        raise SekishoInputError(auth.faults)
    return auth


def _effects(found: Found, planned: Plan, target: TargetMode) -> tuple[Step, ...]:
    """Return what becomes of everybody whom a mapping or an entry names."""

    def state(mode: str, entries: Sequence[AccessEntry]) -> ClusterState:
        # EKS does not say who created a cluster, and gives its creator an entry when entries begin to count.
        nobody = "arn:aws:iam::000000000000:user/creator"
        return state_of(found.name, mode, nobody, found.auth, entries, found.rbac)

    before = state(found.mode, found.entries)
    after = state(target, (*found.entries, *(move.entry for move in planned.moves)))
    named = dict.fromkeys(
        [
            *(found.in_iam.get(one.key) or one.arn for one in found.auth.mappings if one.arn),
            *(one.principal for one in found.entries),
        ]
    )
    return tuple(effect(principal, before, after) for principal in named)


def _apply(found: Found, planned: Plan, target: TargetMode) -> None:
    from sekisho.connect.access_entries import change_mode, create_entries, read_entries

    mode = found.mode
    there: frozenset[str] = frozenset()
    if mode == "CONFIG_MAP":
        mode = TargetMode.API_AND_CONFIG_MAP
        change_mode(found.eks, found.name, mode, note)
        # With the first mode that has entries EKS gives the cluster's creator one.
        there = frozenset(one.principal for one in read_entries(found.eks, found.name).entries)
    wanted = [move.entry for move in planned.moves]
    for entry in wanted:
        if entry.principal in there:
            note(f"EKS has made the access entry of {entry.principal}, as it does for a cluster's creator")
    create_entries(found.eks, found.name, [one for one in wanted if one.principal not in there], note)
    if mode != target:
        change_mode(found.eks, found.name, target, note)


def _show(found: Found, planned: Plan, effects: Sequence[Step], target: TargetMode) -> None:
    write(f"{found.name}: {found.mode} -> {target}")
    write(f"Access entries to create: {len(planned.moves)}")
    for move in planned.moves:
        entry = move.entry
        policies = [one.name for one in entry.policies or ()]
        write(f"  {entry.principal}  {entry.type}")
        write(
            f"    user {entry.username}, groups {', '.join(entry.groups) or 'none'}"
            + "".join(f", policy {name}" for name in policies)
        )
    if planned.left:
        write("Left in aws-auth:")
        for step in planned.left:
            write(f"  {step.sentence()} [{step.code}]")
    write("Access of those who are known by name:")
    for step in effects:
        write(f"  {step.sentence()} [{step.code}]")


def _document(
    found: Found, planned: Plan, effects: Sequence[Step], target: TargetMode, *, applied: bool
) -> Any:
    return {
        "cluster": found.name,
        "authenticationMode": found.mode,
        "targetAuthenticationMode": str(target),
        "accessEntries": [
            {
                "principalArn": move.entry.principal,
                "type": str(move.entry.type),
                "username": move.entry.username,
                "kubernetesGroups": list(move.entry.groups) if move.entry.type is EntryType.STANDARD else [],
                "accessPolicies": [one.policy for one in move.entry.policies or ()],
                "from": str(move.mapping.at),
            }
            for move in planned.moves
        ],
        "left": [step_to_json(step) for step in planned.left],
        "access": [step_to_json(step) for step in effects],
        "applied": applied,
    }

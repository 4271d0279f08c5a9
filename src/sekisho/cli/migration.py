"""A migration to access entries as a person meets it: what there is, the plan and its proof, the deed."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.cli.errors import note
from sekisho.cli.output import Form, write, write_document
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


@dataclass(frozen=True, slots=True)
class Found:
    """What there is now. ``eks`` is a client that can change it; None for a file, which no cluster reads."""

    name: str
    mode: str
    auth: AwsAuth
    entries: tuple[AccessEntry, ...]
    rbac: Index | None
    account: AccountId | None
    in_iam: dict[str, str]
    eks: Any = None


def migrated(found: Found, target: str, output: Form, *, apply: bool, force: bool) -> bool:
    """Show the plan and its proof, make it true if asked to; return whether nobody gains or loses access.

    Raises:
        EnvironmentFailure: EKS refused; what was made before stays.
    """
    planned = plan(found.auth, found.account, [one.principal for one in found.entries], found.in_iam)
    effects = _effects(found, planned, target)
    is_safe = all(step.code in _HARMLESS for step in effects) and (
        target != "API" or planned.loses_nothing_in_api
    )
    may = apply and (is_safe or force)
    if output is Form.TEXT:
        _show(found, planned, effects, target)
    if may:
        _apply(found, planned, target)
    elif apply:
        note("nothing is changed: somebody would gain or lose access; --force applies it all the same")
    if output is not Form.TEXT:
        write_document(_document(found, planned, effects, target, applied=may), output)
    sys.stdout.flush()
    return is_safe


def from_file(file: Path) -> Found:
    """Return what a manifest of aws-auth says; whatever else is unread.

    Raises:
        SekishoInputError: the file is missing or malformed.
        EnvironmentFailure: it cannot be read.
    """
    stored = load_from_file(file, make=False)
    return Found(file.stem, "CONFIG_MAP", _parsed(stored.data, stored.at), (), None, None, {})


def from_cluster(name: str, region: str | None, profile: str | None) -> Found:
    """Return what a cluster, EKS and IAM say now.

    Raises:
        SekishoInputError: the AWS configuration is wrong, or aws-auth cannot be read.
        EnvironmentFailure: something refused or could not be reached.
    """
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


def _effects(found: Found, planned: Plan, target: str) -> tuple[Step, ...]:
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


def _apply(found: Found, planned: Plan, target: str) -> None:
    from sekisho.connect.access_entries import change_mode, create_entries, read_entries

    mode = found.mode
    there: frozenset[str] = frozenset()
    if mode == "CONFIG_MAP":
        mode = "API_AND_CONFIG_MAP"
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


def _show(found: Found, planned: Plan, effects: Sequence[Step], target: str) -> None:
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


def _document(found: Found, planned: Plan, effects: Sequence[Step], target: str, *, applied: bool) -> Any:
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

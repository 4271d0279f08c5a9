"""``sekisho map migrate``: the options; the work is loaded when it is asked for."""

from enum import StrEnum
from typing import Annotated

import typer

from sekisho.cli.errors import report
from sekisho.cli.map_options import ClusterOption, FileOption, ProfileOption, RegionOption
from sekisho.cli.output import Form, FormOption
from sekisho.decide.values import Ref, SekishoInputError

REFUSED = 1
"""Exit code if somebody would lose or gain access, or might."""


class TargetMode(StrEnum):
    """The mode that a migration ends in."""

    API_AND_CONFIG_MAP = "API_AND_CONFIG_MAP"
    API = "API"


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
    # The engine's chain takes time to load that the other commands of `sekisho map` need not spend.
    from sekisho.cli.migration import from_cluster, from_file, migrated

    found = from_file(file) if file is not None else from_cluster(cluster or "", region, profile)
    if found.mode == TargetMode.API and target is not TargetMode.API:
        problem = f"the cluster is in mode {found.mode}, from which no way leads to {target}"
        raise _usage("--target-authentication-mode", problem)
    if not migrated(found, target, output, apply=apply, force=force):
        raise SystemExit(REFUSED)


def _usage(option: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single("map.usage", Ref(option), problem)

"""``sekisho workloads``: how it stands with every service account's way to AWS."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sekisho.cli.errors import report
from sekisho.cli.explain import place_of
from sekisho.cli.output import Form, FormOption, Style, write, write_document
from sekisho.cli.question.document import EXIT_CODES
from sekisho.cli.question.options import FromOption, ModeOption
from sekisho.cli.question.source import read_source
from sekisho.cli.question.workload import next_document, next_lines
from sekisho.cli.repair_command import command_of
from sekisho.cli.state_option import StateDirOption

if TYPE_CHECKING:
    from sekisho.review.source import Source
    from sekisho.review.workloads import AccountReport, WorkloadsReport


@report()
def workloads(
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Only the service accounts of this namespace.")
    ] = None,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Every namespace: the default.")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option("--cluster", "--name", help="Only this cluster, by name or ARN.")
    ] = None,
    source: FromOption = None,
    authentication_mode: ModeOption = None,
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Tell of every service account whether its pods get credentials of AWS, and if not, which link broke.

    States: `works`, `broken`, `trusted-not-annotated` (a trust policy takes the account's tokens,
    and no annotation gives them to anybody). Pods that admission missed are named, and the roles to
    which AWS profiles in the ConfigMaps of pods lead on.

    Example: sekisho workloads -n shop

    Example: sekisho workloads --from world.yaml -o json

    JSON: {outcome, accounts: [{cluster, namespace, name, state, mechanism, role, roles, link, pods, next}],
    openRoles}; `link` as in `sekisho why -o json`. Exit code 0 nothing to repair, 1 something broken, missed
    or trusted in vain, 3 unknown.
    """
    facts = read_source(source, cluster, authentication_mode, state)
    document = workloads_document(facts, None if all_namespaces else namespace, is_chosen=cluster is not None)
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        for line in workloads_lines(document, Style.detect()):
            write(line)
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def workloads_document(source: "Source", namespace: str | None, *, is_chosen: bool = False) -> Any:
    """Return the report as JSON, of the chosen cluster or of all.

    Raises:
        SekishoInputError: the facts speak of no cluster.
    """
    import time

    from sekisho.decide.values import Instant
    from sekisho.review.questions import need_cluster
    from sekisho.review.source import with_lines
    from sekisho.review.workloads import report_workloads
    from sekisho.wire.aws_managed_policies import aws_policy_text

    clusters = source.snapshot.clusters()
    if is_chosen or not clusters:
        clusters = (need_cluster(source).cluster,)
    now = Instant.from_epoch(int(time.time()))
    found = report_workloads(source, clusters, aws_policy_text, now, namespace)
    return with_lines(_document(found), source.line_of)


def _document(found: "WorkloadsReport") -> Any:
    return {
        "outcome": str(found.outcome),
        "accounts": [_account(one) for one in found.accounts],
        "openRoles": [{"cluster": cluster, "role": role} for cluster, role in found.open_roles],
    }


def _account(one: "AccountReport") -> Any:
    return {
        "cluster": one.cluster,
        "namespace": one.namespace,
        "name": one.name,
        "state": str(one.state),
        "mechanism": str(one.mechanism),
        "role": one.role,
        "roles": list(one.roles),
        "link": _link(one.link),
        "pods": [
            {
                "name": pod.name,
                "outcome": str(pod.outcome),
                "missed": pod.is_missed,
                "link": _link(pod.link),
            }
            for pod in one.pods
        ],
        "next": [{**next_document(role), "link": _link(role.failed)} for role in one.next_roles],
    }


def _link(link: Any) -> Any:
    from sekisho.decide.decision import decision_to_json

    return None if link is None else {"link": link.name, **decision_to_json(link.decision)}


def workloads_lines(document: Any, style: Style) -> Iterator[str]:
    """Yield the lines of the report; accounts without a role are only counted."""
    accounts = document["accounts"]
    clusters = {one["cluster"] for one in accounts}
    quiet = 0
    for one in accounts:
        if one["state"] == "no-role" and not any(pod["missed"] for pod in one["pods"]):
            quiet += 1
            continue
        where = f"  {one['cluster'].rpartition('/')[2]}" if len(clusters) > 1 else ""
        named = style.strong(f"{one['namespace']}/{one['name']}")
        yield f"{_state(one['state'], style)}  {named}  {one['mechanism']}  {one['role'] or '-'}{where}"
        yield from _broken(one["link"], style)
        for role in one["roles"]:
            yield f"    trusted by {role}"
            words = {"namespace": one["namespace"], "name": one["name"], "role": role}
            command = command_of({"code": "workload.fix.correct-annotation", "facts": words}, "")
            yield f"      {style.good('>')} {style.strong(command)}"
        for pod in one["pods"]:
            if pod["missed"]:
                yield f"    pod/{pod['name']} missed"
                yield from _broken(pod["link"], style)
        for line, role in zip(next_lines(one), one["next"], strict=True):
            yield f"    {line}"
            yield from _broken(role["link"], style)
    for one in document["openRoles"]:
        yield f"{style.bad('open')}  {one['role']} trusts every service account of {one['cluster']}"
    if quiet:
        yield style.quiet(f"{quiet} service accounts without a role of their own")


def _state(state: str, style: Style) -> str:
    colour = {"works": style.good, "unknown": style.doubt}.get(state, style.bad)
    return colour(state)


def _broken(link: Any, style: Style) -> Iterator[str]:
    if link is None:
        return
    decisive = link["decisive"][0]
    yield f"    {link['link']}: {decisive['sentence']} [{decisive['code']}]"
    for step in link["nearest"][:1]:
        yield f"      {style.doubt('~')} {step['sentence']}"
        yield style.quiet(f"        {step['code']}, {place_of(step)}")
    for repair in link["repairs"][:1]:
        command = command_of(repair, "")
        yield f"      {style.good('>')} {style.strong(command) if command else repair['sentence']}"

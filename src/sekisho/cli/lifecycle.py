"""``sekisho up``, ``down``, ``status`` and ``env``: the lab as a process."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sekisho.cli.errors import report
from sekisho.cli.output import Form, FormOption, Style, write, write_document
from sekisho.cli.state_option import StateDirOption, lab_client, state_dir
from sekisho.lab.pods.mode import PodMode

_ENVTEST = (
    "The API servers are real kube-apiservers: pods are stored and do not run, `sekisho clock` does not "
    "move their clock, and each one needs some 300 MB."
)


class ApiServerKind(StrEnum):
    """Who serves the Kubernetes APIs of a lab."""

    OWN = "own"
    ENVTEST = "envtest"


@report()
def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background; return when ready.")
    ] = False,
    world: Annotated[
        str | None, typer.Option("--world", help="World file to start from (first start only).")
    ] = None,
    apiserver: Annotated[
        ApiServerKind,
        typer.Option(help="Who serves the clusters: the lab, or real kube-apiservers (KUBEBUILDER_ASSETS)."),
    ] = ApiServerKind.OWN,
    pods: Annotated[
        PodMode, typer.Option("--pods", help="Run the pods of clusters, isolated, or leave them alone.")
    ] = PodMode.ON,
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Start the lab: a local AWS and EKS on loopback.

    Example: sekisho up --detach && eval "$(sekisho env)" && aws sts get-caller-identity
    """
    from sekisho.lab import process
    from sekisho.lab.envtest.assets import find_assets

    # Told before anything is made.
    assets = find_assets(os.environ) if apiserver is ApiServerKind.ENVTEST else None
    options = ("--pods", pods.value, *(() if assets is None else ("--apiserver", apiserver.value)))
    folder = state_dir(state)
    text, name, files = None, "default.yaml", {}
    if world is not None:
        from sekisho.cli.world_source import checked_world

        # A malformed file is told before anything is made, with the exit code of bad input.
        found = checked_world(world)
        text, name, files = found.text, found.name, found.files
    if detach:
        path = str(Path(world).absolute()) if world else None
        _show_ready(process.start_in_background(folder, path, *options), output)
    else:
        process.run(folder, text, name, lambda status: _show_ready(status, output), files, assets, pods)


@report()
def down(state: StateDirOption = None) -> None:
    """Stop the lab; its state stays.

    Example: sekisho down
    """
    from sekisho.lab import process

    folder = state_dir(state)
    process.stop(folder)
    write(f"The lab on {folder.path} has stopped; its state is kept.")


@report()
def status(state: StateDirOption = None, output: FormOption = Form.TEXT) -> None:
    """Show the running lab: its doors, accounts and clusters.

    Example: sekisho status -o json
    """
    found = lab_client(state).get("/status")
    if output is not Form.TEXT:
        write_document(found, output)
        return
    style = Style.detect()
    write(f"{style.strong('Lab')}        {found['stateDirectory']} (sekisho {found['version']})")
    write(f"Proxy      {found['proxy']}")
    write(f"AWS        {found['awsEndpoint']}")
    write(f"Login      {found['loginPages']}")
    if found["apiServers"] == "envtest":
        write("API        real kube-apiservers; pods do not run")
    for account in found["accounts"]:
        write(f"Account    {account['id']} {account['name']}")
    for cluster in found["clusters"]:
        shown = " ".join(cluster[member] for member in ("name", "version", "authenticationMode", "endpoint"))
        write(f"Cluster    {shown}")
        auth = cluster["awsAuth"]
        for fault in auth["faults"]:
            write(f"           {style.bad('aws-auth')} {fault}; the last good content is in use")
        for warning in auth["warnings"]:
            write(f"           {style.doubt('aws-auth')} {warning}")


@report()
def env(state: StateDirOption = None, output: FormOption = Form.TEXT) -> None:
    """Print the shell lines that point AWS and Kubernetes clients at the lab.

    Example: eval "$(sekisho env)"
    """
    from sekisho.lab.environment import Environment

    found = lab_client(state).get("/status")["environment"]
    if output is not Form.TEXT:
        write_document(found, output)
        return
    environment = Environment(found["set"], tuple(found["unset"]), found["path"])
    write(environment.script(dict(os.environ)).rstrip())


def _show_ready(found: Any, output: Form) -> None:
    if output is not Form.TEXT:
        write_document(found, output)
        return
    clusters = ", ".join(cluster["name"] for cluster in found["clusters"]) or "no cluster yet"
    accounts = ", ".join(f"{account['id']} ({account['name']})" for account in found["accounts"])
    write(f"The lab is ready: accounts {accounts}; clusters {clusters}.")
    if found["apiServers"] == "envtest":
        write(_ENVTEST)
    write("")
    write('  eval "$(sekisho env)"                      # this shell now speaks to the lab, and only to it')
    write("  aws sts get-caller-identity")
    if found["clusters"]:
        write(f"  aws eks update-kubeconfig --name {found['clusters'][0]['name']}")
        write("  kubectl get node")
    write(
        "  sekisho why --last                         # after any refusal: which checkpoint, and what to do"
    )
    write("  sekisho tour access                        # the whole way, step by step, with the real clients")
    write("  sekisho down                               # stop; the state is kept")
    sys.stdout.flush()  # in the foreground nothing follows for a long time

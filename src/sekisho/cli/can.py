"""``sekisho can``: may somebody do something, yes or no."""

from typing import Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import Form, FormOption, Style, write, write_document
from sekisho.cli.question import (
    EXIT_CODES,
    AllNamespacesOption,
    ClusterOption,
    FromOption,
    ModeOption,
    NamespaceOption,
    answer_document,
    ask,
    read_source,
)
from sekisho.cli.state_option import StateDirOption


@report()
def can(
    who: Annotated[str, typer.Argument(help="IAM ARN, user/NAME, role/NAME, system:serviceaccount:NS:NAME.")],
    action: Annotated[str, typer.Argument(help="Kubernetes verb (get) or AWS action (s3:GetObject).")],
    resource: Annotated[str, typer.Argument(help="nodes, pods/exec, secrets/db, /healthz, or an ARN.")] = "",
    cluster: ClusterOption = None,
    namespace: NamespaceOption = "default",
    all_namespaces: AllNamespacesOption = False,
    source: FromOption = None,
    authentication_mode: ModeOption = None,
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Tell whether somebody may do something: yes, no or unknown (exit code 0, 1, 3).

    Example: sekisho can user/eks-ope get nodes

    JSON: as `sekisho why -o json`.
    """
    facts = read_source(source, cluster, authentication_mode, state)
    chain, asked = ask(who, action, resource, facts, namespace, all_namespaces=all_namespaces)
    document = answer_document(chain, facts, who, asked)
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        style = Style.detect()
        word = {"allow": style.good("yes"), "unknown": style.doubt("unknown")}.get(
            chain.outcome, style.bad("no")
        )
        write(word)
        if chain.failed is not None:
            note(f"{chain.failed.name}: {chain.failed.decision.sentence()}")
    raise typer.Exit(EXIT_CODES[chain.outcome])

"""``sekisho why``: every checkpoint between somebody and something, and what would change the answer."""

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from sekisho.cli.errors import report
from sekisho.cli.explain import chain_lines
from sekisho.cli.id_token import claims_told, explain_id_token, id_token_lines, read_token
from sekisho.cli.output import Form, FormOption, Style, write, write_document
from sekisho.cli.question.aws import answer, is_aws_action, shifted
from sekisho.cli.question.document import EXIT_CODES, answer_document, is_sets
from sekisho.cli.question.drafts import Drafts, told_keys
from sekisho.cli.question.kube import ask
from sekisho.cli.question.lines import set_lines
from sekisho.cli.question.options import (
    AllNamespacesOption,
    AwsProfileOption,
    BoundaryOption,
    ClusterOption,
    ContextKeyOption,
    FromOption,
    ModeOption,
    NamespaceOption,
    OwnerOption,
    PolicyOption,
    RcpOption,
    ResourcePolicyOption,
    ScpOption,
    SessionPolicyOption,
    ThenRoleOption,
    WithoutKeyOption,
)
from sekisho.cli.question.source import read_facts
from sekisho.cli.question.workload import Onward, answer_credentials, at_workload, next_lines
from sekisho.cli.state_option import StateDirOption, lab_client


@report()
def why(
    who: Annotated[
        str,
        typer.Argument(
            help="IAM ARN, user/NAME, role/NAME, NAMESPACE/SERVICEACCOUNT, pod/NAME, deployment/NAME, or a "
            "request id."
        ),
    ] = "",
    action: Annotated[str, typer.Argument(help="Kubernetes verb (get) or AWS action (s3:GetObject).")] = "",
    resource: Annotated[str, typer.Argument(help="nodes, pods/exec, secrets/db, /healthz, or an ARN.")] = "",
    last: Annotated[bool, typer.Option("--last", help="Explain the lab's last refusal.")] = False,
    token: Annotated[
        str | None, typer.Option("--token", help="Explain the token in a file; `-`: on standard input.")
    ] = None,
    authentication_config: Annotated[
        Path | None,
        typer.Option("--authentication-config", help="Issuers of id tokens: explain --token under them."),
    ] = None,
    cluster: ClusterOption = None,
    namespace: NamespaceOption = "default",
    all_namespaces: AllNamespacesOption = False,
    source: FromOption = None,
    authentication_mode: ModeOption = None,
    context_key: ContextKeyOption = None,
    without_key: WithoutKeyOption = None,
    resource_account: OwnerOption = None,
    policy: PolicyOption = None,
    boundary: BoundaryOption = None,
    session_policy: SessionPolicyOption = None,
    resource_policy: ResourcePolicyOption = None,
    scp: ScpOption = None,
    rcp: RcpOption = None,
    then_role: ThenRoleOption = None,
    aws_profile: AwsProfileOption = None,
    full: Annotated[bool, typer.Option("--full", help="Show every step that was looked at.")] = False,
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Explain an answer: the lab's last refusal, a request by its id, a token, or a question.

    Example: sekisho why --last

    Example: sekisho why user/eks-ope get nodes --from world.yaml

    Example: sekisho why --token id-token.txt

    Example: sekisho why --token id-token.txt --authentication-config issuers.yaml

    Example: sekisho why user/ana s3:GetObject arn:aws:s3:::logs/a --boundary draft.json

    A service account or a pod without ACTION is explained as far as its AWS credentials.

    Example: sekisho why pod/web-0 -n shop

    Example: sekisho why shop/web s3:ListAllMyBuckets --then-role arn:aws:iam::444455556666:role/target

    JSON: {who, asked, chain, outcome, links: [{link, outcome, decisive, nearest, repairs, trace}]}; a journal
    entry has the chain inside. AWS questions have `needs`: what an unknown answer hangs on. Exit code
    0 allowed, 1 denied, 3 unknown. `sekisho explain CODE` tells what a code in brackets means.
    """
    drafts = Drafts(
        policy=policy,
        boundary=boundary,
        session_policy=session_policy,
        resource_policy=resource_policy,
        scp=scp,
        rcp=rcp,
    )
    who, action, resource = shifted(who, action, resource, drafts)
    onward = Onward(namespace, tuple(then_role or ()), aws_profile or "")
    is_workload = bool(who) and not action and not last and _is_workload(who, namespace)
    if last or (who and not action and not is_workload):
        _entry(lab_client(state), "last-refusal" if last else f"entry/{who}", output, full=full)
    target = cluster or ""
    if token is not None and authentication_config is not None:
        _id_token(token, authentication_config, output, full=full)
    elif token is not None:
        _lab_token(token, cluster, state, output, full=full)
    elif is_workload:
        facts = at_workload(who, namespace, read_facts(source, cluster, authentication_mode, state, drafts))
        document = answer_credentials(who, facts, onward)
    elif action and is_aws_action(action):
        told = told_keys(drafts, context_key, without_key, resource_account)
        facts = at_workload(who, namespace, read_facts(source, cluster, authentication_mode, state, drafts))
        document = answer(who, action, resource, facts, told, onward)
    elif who and action:
        from sekisho.facts.files import NAMELESS

        facts = at_workload(who, namespace, read_facts(source, cluster, authentication_mode, state, drafts))
        chain, asked = ask(who, action, resource, facts, namespace, all_namespaces=all_namespaces)
        document = answer_document(chain, facts, who, asked)
        if facts.cluster is not None and facts.cluster.name != NAMELESS:
            target = facts.cluster.name
    else:
        _usage("give --last, a request id, --token FILE, or WHO ACTION RESOURCE")
    _show(document, output, target, full=full)


def _is_workload(who: str, namespace: str) -> bool:
    from sekisho.review.workload_name import workload_named

    return workload_named(who, namespace) is not None


def _entry(client: Any, path: str, output: Form, *, full: bool) -> None:
    from sekisho.lab.client import NotKnownError
    from sekisho.lab.errors import LabError

    try:
        entry = client.get(f"/journal/{path}")
    except NotKnownError:
        what = (
            "no request was refused yet" if path == "last-refusal" else "the lab knows no request of this id"
        )
        raise LabError(what) from None
    if output is not Form.TEXT:
        write_document(entry, output)
        raise typer.Exit(EXIT_CODES[entry["outcome"]])
    style = Style.detect()
    times = f", {entry['requests']} requests of one command" if entry["requests"] > 1 else ""
    write(f"{style.strong(entry['target'])} answered {entry['status']} at {entry['last']}{times}")
    write(style.quiet(f"  asked   {'; '.join(entry['asked'])}"))
    write(style.quiet(f"  client  {entry['client'] or '(unnamed)'}"))
    write(style.quiet(f"  caller  {entry['who'] or '(unknown)'}"))
    if entry["chain"] is None:
        mark = style.good("yes") if entry["outcome"] == "allow" else style.bad(" no")
        write(f"{mark} {entry['sentence']} [{entry['code']}]")
    else:
        for line in chain_lines(entry["chain"], style, target=entry["target"], full=full):
            write(line)
    raise typer.Exit(EXIT_CODES[entry["outcome"]])


def _lab_token(token: str, cluster: str | None, state: str | None, output: Form, *, full: bool) -> NoReturn:
    """Tell what a cluster of the lab makes of a token, each of them where none is named."""
    text = read_token(token)
    client = lab_client(state)
    names = [cluster] if cluster else [one["arn"] for one in client.get("/status")["clusters"]]
    if not names:
        _usage("the lab has no cluster")
    found = [_told_by(client, text, name) for name in names]
    if output is not Form.TEXT:
        write_document(found[0] if len(found) == 1 else {"clusters": found}, output)
    else:
        style = Style.detect()
        for document in found:
            write(_verdict(document, style))
            for line in id_token_lines(document, style, target=document["cluster"], full=full):
                write(line)
    outcomes = [document["outcome"] for document in found]
    best = next((one for one in ("allow", "unknown") if one in outcomes), outcomes[0])
    raise typer.Exit(EXIT_CODES[best])


def _told_by(client: Any, token: str, name: str) -> Any:
    chain = client.post("/explain-token", {"token": token, "cluster": name})
    short = name.rpartition("/")[2]
    told = {"who": "", "asked": f"a token for {short}", "cluster": short, **chain}
    return {**told, "claims": claims_told(chain, token)}


def _id_token(token: str, file: Path, output: Form, *, full: bool) -> NoReturn:
    document = explain_id_token(read_token(token), file)
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        style = Style.detect()
        write(_verdict(document, style))
        for line in id_token_lines(document, style, full=full):
            write(line)
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def _show(document: Any, output: Form, target: str, *, full: bool) -> None:
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        style = Style.detect()
        write(_verdict(document, style))
        if is_sets(document):
            for line in set_lines(document, style):
                write(line)
        else:
            for line in chain_lines(document, style, target=target, full=full):
                write(line)
            for need in document.get("needs", ()):
                write(f"    {style.doubt('if')} {need}")
        for line in next_lines(document):
            write(line)
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def _verdict(document: Any, style: Style) -> str:
    words = {"allow": style.good("yes"), "unknown": style.doubt("unknown")}
    word = words.get(document["outcome"], style.bad("no"))
    return f"{word}: {document['who'] + ' ' if document['who'] else ''}{document['asked']}"


def _usage(problem: str) -> NoReturn:
    from sekisho.decide.values import Ref, SekishoInputError

    raise SekishoInputError.single("question.incomplete", Ref("why"), problem)

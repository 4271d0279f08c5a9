"""``sekisho can``: may somebody do something, yes or no."""

from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import Form, FormOption, Style, write, write_document
from sekisho.cli.question.aws import answer, is_aws_action, shifted
from sekisho.cli.question.document import EXIT_CODES, answer_document, is_sets
from sekisho.cli.question.drafts import Drafts, told_keys
from sekisho.cli.question.kube import ask
from sekisho.cli.question.lines import hints, set_lines
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
    PreflightOption,
    RcpOption,
    ResourcePolicyOption,
    ScpOption,
    SessionPolicyOption,
    ThenRoleOption,
    WithoutKeyOption,
)
from sekisho.cli.question.source import read_facts
from sekisho.cli.question.workload import Onward, at_workload, kubernetes_name, next_lines
from sekisho.cli.state_option import StateDirOption

if TYPE_CHECKING:
    from sekisho.review.source import Source


@report()
def can(
    who: Annotated[
        str,
        typer.Argument(
            help="IAM or session ARN, user/NAME, role/NAME, account id; service account NAMESPACE/NAME or "
            "system:serviceaccount:NAMESPACE:NAME, pod/NAME, deployment/NAME."
        ),
    ] = "",
    action: Annotated[str, typer.Argument(help="Kubernetes verb (get) or AWS action (s3:GetObject).")] = "",
    resource: Annotated[
        str, typer.Argument(help="nodes, pods/exec, secrets/db, /healthz; an ARN, also with wildcards.")
    ] = "",
    cluster: ClusterOption = None,
    namespace: NamespaceOption = "default",
    all_namespaces: AllNamespacesOption = False,
    source: FromOption = None,
    authentication_mode: ModeOption = None,
    preflight: PreflightOption = None,
    list_: Annotated[bool, typer.Option("--list", help="List everything that WHO may do.")] = False,
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
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Tell whether somebody may do something: yes, no or unknown (exit code 0, 1, 3).

    An AWS action without a resource, or with a pattern of one, is answered with the sets of resources on
    which it is allowed; `partly` (exit code 3) where that is some of them.

    Example: sekisho can user/eks-ope get nodes

    Example: sekisho can role/app secretsmanager:GetSecretValue

    Example: sekisho can user/ana s3:GetObject arn:aws:s3:::logs/a --context-key aws:SourceIp=203.0.113.7

    Example: sekisho can --policy draft.json s3:GetObject 'arn:aws:s3:::logs/*'

    Example: sekisho can --list user/eks-ope

    Example: sekisho can shop/web s3:ListAllMyBuckets

    Example: sekisho can pod/web-0 -n shop s3:GetObject arn:aws:s3:::logs/a --then-role ROLE_ARN

    With --preflight the question is whether WHO (by default you, in a lab's shell) may `kubectl apply` the
    files, and what their RBAC objects and aws-auth would newly allow to whom.

    Example: sekisho can role/deployer --preflight roles.yaml --from cluster.yaml

    Example: kubectl kustomize overlays/prod | sekisho can --preflight -

    JSON: as `sekisho why -o json`; sets of resources and --preflight as docs/reference/json.md tells.
    """
    drafts = Drafts(
        policy=policy,
        boundary=boundary,
        session_policy=session_policy,
        resource_policy=resource_policy,
        scp=scp,
        rcp=rcp,
    )
    if preflight:
        if action or list_ or drafts.has_policy:
            _usage("--preflight takes WHO alone, and no policies; for more files give it again")
        facts = read_facts(source, cluster, authentication_mode, state, drafts)
        _preflight(who, preflight, namespace, facts, output)
    if list_:
        if not who:
            _usage("--list needs WHO")
        if action:
            _usage("--list takes WHO alone")
        read = read_facts(source, cluster, authentication_mode, state, drafts)
        listed = at_workload(who, namespace, read)
        _list(kubernetes_name(who, namespace, listed), listed, None if all_namespaces else namespace, output)
    who, action, resource = shifted(who, action, resource, drafts)
    if not action or (not who and not drafts.has_policy):
        _usage("give WHO ACTION RESOURCE, or --list WHO")
    facts = at_workload(who, namespace, read_facts(source, cluster, authentication_mode, state, drafts))
    if is_aws_action(action):
        told = told_keys(drafts, context_key, without_key, resource_account)
        onward = Onward(namespace, tuple(then_role or ()), aws_profile or "")
        document = answer(who, action, resource, facts, told, onward)
    else:
        chain, asked = ask(who, action, resource, facts, namespace, all_namespaces=all_namespaces)
        document = answer_document(chain, facts, who, asked)
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        _show(document)
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def _show(document: Any) -> None:
    style = Style.detect()
    word = {"allow": style.good("yes"), "unknown": style.doubt("unknown")}.get(
        document["outcome"], style.bad("no")
    )
    if is_sets(document):
        write(style.doubt("partly") if document["partly"] else word)
        for line in set_lines(document, style):
            write(line)
        for line in next_lines(document):
            note(line)
        return
    write(word)
    if document["outcome"] != "allow":
        failed = next(link for link in document["links"] if link["outcome"] != "allow")
        told = "; ".join(step["sentence"] for step in failed["decisive"]) or failed["outcome"]
        note(f"{failed['link']}: {told}")
        if "needs" in document:
            for line in hints(document):
                note(line)
    for line in next_lines(document):
        note(line)


def _preflight(who: str, files: list[str], namespace: str, facts: "Source", output: Form) -> NoReturn:
    from sekisho.cli.question.preflight import preflight_document, preflight_lines

    document = preflight_document(who, files, namespace, facts)
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        for line in preflight_lines(document, Style.detect()):
            write(line)
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def _list(who: str, facts: "Source", namespace: str | None, output: Form) -> NoReturn:
    from sekisho.cli.question.list_output import list_document, list_lines

    document = list_document(who, facts, namespace)
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        for line in list_lines(document, Style.detect()):
            write(line)
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def _usage(problem: str) -> NoReturn:
    from sekisho.decide.values import Ref, SekishoInputError

    raise SekishoInputError.single("question.incomplete", Ref("can"), problem)

"""``sekisho who-can``: everybody who may do something, each with the way that leads there."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.output import Form, FormOption, Style, write, write_document
from sekisho.cli.question.aws import is_aws_action
from sekisho.cli.question.document import EXIT_CODES
from sekisho.cli.question.drafts import Drafts, told_keys
from sekisho.cli.question.kube import read_kube_question
from sekisho.cli.question.options import (
    AllNamespacesOption,
    ClusterOption,
    ContextKeyOption,
    FromOption,
    ModeOption,
    NamespaceOption,
    OwnerOption,
    RcpOption,
    ResourcePolicyOption,
    ScpOption,
    WithoutKeyOption,
)
from sekisho.cli.question.source import read_facts
from sekisho.cli.question.who_can_output import aws_document, aws_lines, kube_document, kube_lines
from sekisho.cli.state_option import StateDirOption

if TYPE_CHECKING:
    from sekisho.review.source import Source
    from sekisho.review.told import Told

MAX_ROLES = 10


@report()
def who_can(
    action: Annotated[str, typer.Argument(help="Kubernetes verb (get) or AWS action (s3:GetObject).")],
    resource: Annotated[str, typer.Argument(help="nodes, pods/exec, secrets/db, /healthz, or an ARN.")] = "",
    cluster: ClusterOption = None,
    namespace: NamespaceOption = "default",
    all_namespaces: AllNamespacesOption = False,
    source: FromOption = None,
    authentication_mode: ModeOption = None,
    depth: Annotated[
        int, typer.Option("--depth", min=0, max=MAX_ROLES, help="Roles that a way may lead through.")
    ] = 5,
    context_key: ContextKeyOption = None,
    without_key: WithoutKeyOption = None,
    resource_account: OwnerOption = None,
    resource_policy: ResourcePolicyOption = None,
    scp: ScpOption = None,
    rcp: RcpOption = None,
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Name everybody who may do something, with the way: exit code 0 somebody, 1 nobody, 3 unknown.

    For AWS the way leads through roles that are assumed, also in other accounts; `if` lines tell what has to
    hold. For Kubernetes it leads from the IAM principal over its mapping to the binding and the rule.

    Example: sekisho who-can sts:AssumeRole arn:aws:iam::111122223333:role/deploy

    Example: sekisho who-can s3:GetObject arn:aws:s3:::logs/a --from dev.json --from prod.json

    Example: sekisho who-can get secrets/db -n shop

    JSON: docs/reference/json.md
    """
    drafts = Drafts(resource_policy=resource_policy, scp=scp, rcp=rcp)
    facts = read_facts(source, cluster, authentication_mode, state, drafts)
    if is_aws_action(action):
        told = told_keys(drafts, context_key, without_key, resource_account)
        document = _in_aws(action, resource, facts, told, depth)
        lines = aws_lines
    else:
        document = _in_cluster(action, resource, facts, namespace, all_namespaces=all_namespaces)
        lines = kube_lines
    if output is not Form.TEXT:
        write_document(document, output)
    else:
        for line in lines(document, Style.detect()):
            write(line)
        for reason in document["unread"]:
            note(f"somebody may be missing: {reason if isinstance(reason, str) else reason['sentence']}")
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def _in_aws(action: str, resource: str, facts: "Source", told: "Told", depth: int) -> Any:
    from sekisho.decide.values import Ref, SekishoInputError
    from sekisho.review.aws_resources import is_pattern
    from sekisho.review.aws_who_can import who_can_do
    from sekisho.review.questions import known_action
    from sekisho.wire.aws_managed_policies import aws_policy_text
    from sekisho.wire.service_reference import load_service_reference

    known = known_action(action, load_service_reference([action.partition(":")[0].lower()]))
    if is_pattern(resource) or (not resource and known.resource_types):
        problem = f"{known.name} needs the ARN of one resource"
        raise SekishoInputError.single("question.no-resource", Ref("question"), problem)
    found = who_can_do(
        known.name,
        resource or "*",
        facts.snapshot,
        aws_policy_text,
        told,
        depth=depth,
        is_whole=facts.is_whole,
    )
    return aws_document(f"{known.name} on {resource or '*'}", found, facts, depth)


def _in_cluster(action: str, resource: str, facts: "Source", namespace: str, *, all_namespaces: bool) -> Any:
    from sekisho.review.kube_who_can import who_can_in
    from sekisho.review.questions import need_cluster

    attributes, asked = read_kube_question(action, resource, namespace, all_namespaces=all_namespaces)
    cluster = need_cluster(facts)
    return kube_document(asked, who_can_in(attributes, facts.snapshot, cluster), cluster.name, facts)

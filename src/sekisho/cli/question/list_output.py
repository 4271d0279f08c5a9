"""``sekisho can --list``: everything somebody may do, in a cluster and in AWS."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sekisho.cli.output import Style

if TYPE_CHECKING:
    from sekisho.decide.rbac.model import Rule
    from sekisho.review.source import Source


def list_document(who: str, source: "Source", namespace: str | None) -> Any:
    """Return the rules of ``who`` per namespace (None: all), and its statements if it is an IAM principal.

    Raises:
        SekishoInputError: no such identity, or several clusters and none was named.
    """
    from sekisho.facts.identity import identity_from_arn
    from sekisho.review.aws_caller import principal_of
    from sekisho.review.aws_list import list_in_aws
    from sekisho.review.questions import kube_user
    from sekisho.wire.aws_managed_policies import aws_policy_text

    document: dict[str, Any] = {"who": who, "outcome": "no-opinion", "kubernetes": None, "aws": None}
    outcomes = []
    if source.snapshot.clusters():
        document["kubernetes"], outcome = _kubernetes(who, source, namespace)
        outcomes.append(outcome)
    if kube_user(who) is None:
        principal = principal_of(identity_from_arn(who, source.snapshot), source.snapshot)
        listed = list_in_aws(principal, source.snapshot, aws_policy_text)
        document["aws"], outcome = _aws(listed, source)
        outcomes.append(outcome)
    document["outcome"] = next((one for one in ("allow", "unknown") if one in outcomes), "no-opinion")
    return document


def list_lines(document: Any, style: Style) -> Iterator[str]:
    """Yield the lines of a list."""
    if document["kubernetes"] is not None:
        yield from _kubernetes_lines(document["kubernetes"], style)
    if document["aws"] is not None:
        yield from _aws_lines(document["aws"], style)


def _kubernetes(who: str, source: "Source", namespace: str | None) -> tuple[Any, str]:
    from sekisho.cli.question.document import answer_document
    from sekisho.decide.decision import step_to_json
    from sekisho.decide.eks.policy_authorizer import described
    from sekisho.review.kube_list import list_in_cluster
    from sekisho.review.source import with_lines

    found = list_in_cluster(who, source, namespace)
    spaces: Any = [
        {
            "namespace": one.namespace,
            "rules": [
                {**_rule(rule), "at": {"document": rule.at.document, "pointer": rule.at.pointer}}
                for rule in one.rules
            ],
            "errors": [step_to_json(step) for step in one.errors],
        }
        for one in found.namespaces
    ]
    policies: Any = [
        {
            "policy": one.policy.name,
            "scope": described(one.policy),
            "rules": None if one.rules is None else [_rule(rule) for rule in one.rules],
            "at": {"document": one.at.document, "pointer": one.at.pointer},
        }
        for one in found.policies
    ]
    user = found.user
    body: Any = {
        "cluster": "" if source.cluster is None else source.cluster.name,
        "user": None if user is None else {"username": user.name, "groups": list(user.groups)},
        "everything": found.is_master,
        "node": found.is_node,
        "namespaces": with_lines(spaces, source.line_of),
        "accessPolicies": with_lines(policies, source.line_of),
        "unread": [step_to_json(step) for step in found.unread],
        "chain": answer_document(found.chain, source, who, "list"),
    }
    return body, str(found.outcome)


def _rule(rule: "Rule") -> dict[str, list[str]]:
    return {
        "verbs": list(rule.verbs),
        "apiGroups": list(rule.groups),
        "resources": list(rule.resources),
        "resourceNames": list(rule.names),
        "nonResourceURLs": list(rule.urls),
    }


def _aws(listed: Any, source: "Source") -> tuple[Any, str]:
    from sekisho.review.source import with_lines

    statements: Any = [
        {
            "layer": str(one.layer),
            "policy": one.policy,
            "effect": str(one.statement.effect),
            "notAction" if one.statement.not_action else "action": list(one.actions),
            "notResource" if one.statement.not_resource else "resource": list(one.resources),
            "conditions": list(one.conditions),
            "at": {"document": one.statement.at.document, "pointer": one.statement.at.pointer},
        }
        for one in listed.statements
    ]
    body: Any = {
        "principal": str(listed.principal.entity),
        "known": listed.is_known,
        "statements": with_lines(statements, source.line_of),
        "unread": list(listed.unread),
    }
    allows = any(one["layer"] == "identity" and one["effect"] == "Allow" for one in statements)
    is_root = listed.principal.entity.resource == "root"
    if allows or is_root:
        return body, "allow"
    return body, "unknown" if listed.unread or not listed.is_known else "no-opinion"


def _kubernetes_lines(body: Any, style: Style) -> Iterator[str]:
    user = body["user"]
    if user is None:
        failed = next((link for link in body["chain"]["links"] if link["outcome"] != "allow"), None)
        told = "" if failed is None else "; ".join(step["sentence"] for step in failed["decisive"])
        yield f"{style.strong(body['cluster'])}: nothing; {told}"
        return
    groups = ", ".join(user["groups"]) or "none"
    yield f"{style.strong(body['cluster'])} as user {user['username'] or '(no name)'}, groups {groups}"
    if body["everything"]:
        yield "  everything, as a member of system:masters"
    for space in body["namespaces"]:
        if space["rules"] or space["errors"]:
            yield f"  {'namespace ' + space['namespace'] if space['namespace'] else 'whole cluster'}"
        yield from _rule_lines(space["rules"])
        for step in space["errors"]:
            yield style.doubt(f"    {step['sentence']}")
    for policy in body["accessPolicies"]:
        yield f"  access policy {policy['policy']} {policy['scope']}"
        if policy["rules"] is None:
            yield style.doubt("    AWS does not document its rules")
        yield from _rule_lines(policy["rules"] or ())
    if body["node"]:
        yield "  as a node, what the Node authorizer allows: ask for one thing at a time"
    for step in body["unread"]:
        yield style.doubt(f"  {step['sentence']}")


def _rule_lines(rules: Any) -> Iterator[str]:
    for rule in rules:
        # As kubectl spells them: `pods`, `deployments.apps`, `*.*`.
        what = [
            f"{name}.{group}" if group else name for group in rule["apiGroups"] for name in rule["resources"]
        ]
        named = f" named {', '.join(rule['resourceNames'])}" if rule["resourceNames"] else ""
        for part, more in ((what, named), (rule["nonResourceURLs"], "")):
            if part:
                yield f"    {', '.join(rule['verbs'])}: {', '.join(part)}{more}"


def _aws_lines(body: Any, style: Style) -> Iterator[str]:
    yield f"{style.strong('AWS')} as {body['principal']}"
    if not body["known"]:
        yield style.doubt("  its policies are not among the facts")
    if body["principal"].endswith(":root"):
        yield "  everything in its own account, as the root user"
    for one in body["statements"]:
        effect = style.good("allow") if one["effect"] == "Allow" else style.bad("deny ")
        actions = ", ".join(one.get("action") or [f"all but {', '.join(one.get('notAction', []))}"])
        where = ", ".join(one.get("resource") or [f"all but {', '.join(one.get('notResource', []))}"])
        by = style.quiet(f" [{one['layer']} {one['policy']}]")
        yield f"  {effect} {actions} on {where}{by}"
        for condition in one["conditions"]:
            yield f"        {style.doubt('if')} {condition}"
    for policy in body["unread"]:
        yield style.doubt(f"  {policy} is not among the facts")

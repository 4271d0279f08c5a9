"""``sekisho can --preflight``: the answer about manifests as JSON and as lines."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sekisho.cli.output import Style
from sekisho.cli.question.lines import place

if TYPE_CHECKING:
    from sekisho.decide.decision import Decision
    from sekisho.decide.values import KubeUser
    from sekisho.review.preflight.apply import Applied
    from sekisho.review.preflight.gains import Allowed, Gains
    from sekisho.review.preflight.manifests import Wanted
    from sekisho.review.source import Source

MAX_SHOWN = 8
"""How many names are shown in a line before the rest is counted."""


def preflight_document(who: str, files: Sequence[str], namespace: str, source: "Source") -> Any:
    """Return whether ``who`` may apply ``files``, and what they would newly allow.

    Raises:
        SekishoInputError: a file or WHO cannot be understood.
        EnvironmentFailure: WHO is not given and AWS does not tell who asks.
    """
    from sekisho.cli.file_text import read_text
    from sekisho.decide.decision import chain_to_json
    from sekisho.review.preflight.manifests import read_wishes
    from sekisho.review.preflight.run import preflight
    from sekisho.review.source import with_lines

    texts = [("stdin" if name == "-" else name, read_text(name)) for name in dict.fromkeys(files)]
    wishes = read_wishes(texts, namespace)
    who = who or _yourself(source)
    found = preflight(who, wishes, source)
    body: Any = {
        "who": who,
        "user": _user(found.user),
        "outcome": str(found.outcome),
        "chain": chain_to_json(found.chain) if found.chain.links else None,
        "objects": [_object(one) for one in found.objects],
        "gains": None if found.gains is None else _gains(found.gains),
    }
    return with_lines(body, lambda ref: wishes.line_of(ref) or source.line_of(ref))


def preflight_lines(document: Any, style: Style) -> Iterator[str]:
    """Yield the lines of `preflight_document`. Names come from others' files: no terminal obeys them."""
    document = _tame(document)
    marks = {"allow": style.good("yes"), "unknown": style.doubt("unknown")}
    short = {"allow": style.good("yes"), "unknown": style.doubt("???")}
    count = len(document["objects"])
    may = f"{document['who']} may apply {count} object{'s' if count > 1 else ''}"
    yield f"{marks.get(document['outcome'], style.bad('no'))}: {style.strong(may)}"
    rows = [(one, f"{one['kind']} {_named(one)}") for one in document["objects"]]
    width = max(len(name) for _, name in rows)
    for one, name in rows:
        mark = short.get(one["outcome"], style.bad(" no"))
        yield f"{mark} {one['operation']:<9} {name:<{width}}  {style.quiet(place(one))}".rstrip()
        yield from _why_not(one)
    yield from _gain_lines(document["gains"], style)


def _tame(value: Any) -> Any:
    """Return a document whose texts have no control character but line ends."""
    from sekisho.decide.values.document_text import on_one_line

    if isinstance(value, dict):
        return {name: _tame(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_tame(member) for member in value]
    if isinstance(value, str):
        return "\n".join(on_one_line(line) for line in value.split("\n"))
    return value


def _why_not(one: Any) -> Iterator[str]:
    for need in one["needs"]:
        if need["outcome"] != "allow" and one["outcome"] != "allow":
            told = "; ".join(step["sentence"] for step in need["decisive"]) or need["outcome"]
            yield f"      {need['verb']}: {told}"
    if one["grant"] is not None and one["grant"]["outcome"] != "allow":
        for step in one["grant"]["decisive"]:
            missing = step["facts"].get("missing", "")
            if not missing:
                yield f"      grant: {step['sentence']}"
                continue
            yield "      grant: these permissions are not held, so they cannot be granted"
            yield from (f"        {line}" for line in missing.splitlines())
    for step in one["faults"]:
        yield f"      {step['sentence']}"


def _gain_lines(gains: Any, style: Style) -> Iterator[str]:
    if gains is None:
        yield style.doubt(
            "what would be newly allowed is unknown: the RBAC objects of the cluster were not read"
        )
        return
    if not gains["subjects"] and not gains["mappings"]:
        yield "nothing would be newly allowed"
    if gains["subjects"]:
        yield style.strong("newly allowed")
    for one in gains["subjects"]:
        behind = f": {_some(one['principals'])}" if one["principals"] else ""
        yield f"  {style.strong(one['subject'])}{behind}"
        yield from _allowed_lines(one["allowed"], style)
    if gains["mappings"]:
        yield style.strong("mapped differently")
    for one in gains["mappings"]:
        yield f"  {style.strong(one['who'])}: {_seen(one['before'])} becomes {_seen(one['after'])}"
        if one["everything"]:
            yield f"    {style.bad('!')} everything, as a member of system:masters"
        yield from _allowed_lines(one["allowed"], style)
    for step in gains["unread"]:
        yield style.doubt(f"  somebody may be missing: {step['sentence']}")


def _allowed_lines(allowed: Any, style: Style) -> Iterator[str]:
    rows = [(_where(one), ", ".join(one["verbs"]), _what(one), one) for one in allowed]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1, 2)]
    for where, verbs, what, one in rows:
        cells = f"{where:<{widths[0]}}  {verbs:<{widths[1]}}  {what:<{widths[2]}}"
        yield f"    {cells}  {style.quiet(place(one))}".rstrip()
        for danger in one["dangers"]:
            yield f"      {style.bad('!')} {danger['sentence']}"


def _where(one: Any) -> str:
    if one["nonResourceURLs"]:
        return "URLs"
    return one["namespace"] or "everywhere"


def _what(one: Any) -> str:
    groups = [group for group in one["apiGroups"] if group]
    suffix = f".{'|'.join(groups)}" if groups and groups != ["*"] else ""
    names = f" named {_some(one['resourceNames'])}" if one["resourceNames"] else ""
    return _some([f"{name}{suffix}" for name in one["resources"]] + one["nonResourceURLs"]) + names


def _some(words: Any) -> str:
    shown = list(words[:MAX_SHOWN])
    return ", ".join(shown) + (f" and {len(words) - MAX_SHOWN} more" if len(words) > MAX_SHOWN else "")


def _seen(user: Any) -> str:
    if user is None:
        return "nobody"
    return f"user {user['username'] or '(no name)'} ({', '.join(user['groups'])})"


def _named(one: Any) -> str:
    return f"{one['namespace']}/{one['name']}" if one["namespace"] else str(one["name"])


def _yourself(source: "Source") -> str:
    """Return who asks: in the shell of a lab whom its STS sees; files know nobody."""
    from sekisho.connect.aws_session import open_client, open_session
    from sekisho.connect.kube.cluster_access import caller_identity
    from sekisho.decide.values import Ref, SekishoInputError

    if not source.is_whole:
        hint = "give WHO before the options: sekisho can role/NAME --preflight FILE --from FILE"
        raise SekishoInputError.single(
            "preflight.who-needed", Ref("can"), "files do not say who you are", hint
        )
    return str(caller_identity(open_client(open_session("", "", os.environ), "sts")).arn)


def _user(user: "KubeUser | None") -> Any:
    return None if user is None else {"username": user.name, "groups": list(user.groups)}


def _object(one: "Applied") -> dict[str, Any]:
    from sekisho.decide.decision import step_to_json

    wanted = one.wanted
    return {
        "kind": wanted.kind,
        "apiGroup": wanted.group,
        "namespace": wanted.namespace,
        "name": wanted.name,
        "at": _at(wanted),
        "operation": _operation(one),
        "outcome": str(one.outcome),
        "needs": [
            {
                "verb": need.request.verb,
                "apiGroup": need.request.group,
                "resource": need.request.resource,
                "namespace": need.request.namespace,
                "name": need.request.name,
                **_decided(need.decision),
            }
            for need in one.needs
        ],
        "grant": None if one.grant is None else _decided(one.grant),
        "faults": [step_to_json(step) for step in one.faults],
    }


def _operation(one: "Applied") -> str:
    if one.unchanged:
        return "unchanged"
    return {True: "patch", False: "create", None: "apply"}[one.exists]


def _decided(decision: "Decision[None]") -> dict[str, Any]:
    from sekisho.decide.decision import step_to_json

    return {"outcome": str(decision.outcome), "decisive": [step_to_json(step) for step in decision.decisive]}


def _gains(gains: "Gains") -> dict[str, Any]:
    from sekisho.decide.decision import step_to_json

    return {
        "subjects": [
            {
                "subject": one.subject,
                "principals": [str(arn) for arn in one.principals],
                "allowed": [_allowed(each) for each in one.allowed],
            }
            for one in gains.subjects
        ],
        "mappings": [
            {
                "who": str(one.arn),
                "before": _user(one.before),
                "after": _user(one.after),
                "everything": one.everything,
                "allowed": [_allowed(each) for each in one.allowed],
            }
            for one in gains.mappings
        ],
        "unread": [step_to_json(step) for step in gains.unread],
    }


def _allowed(one: "Allowed") -> dict[str, Any]:
    rule = one.rule
    return {
        "namespace": one.namespace,
        "verbs": list(rule.verbs),
        "apiGroups": list(rule.groups),
        "resources": list(rule.resources),
        "resourceNames": list(rule.names),
        "nonResourceURLs": list(rule.urls),
        "dangers": [{"code": str(danger), "sentence": danger.sentence} for danger in one.dangers],
        "at": {"document": rule.at.document, "pointer": rule.at.pointer},
    }


def _at(wanted: "Wanted") -> dict[str, str]:
    return {"document": wanted.at.document, "pointer": wanted.at.pointer}

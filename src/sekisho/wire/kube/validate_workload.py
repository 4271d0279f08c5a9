"""Rules of Deployments, ReplicaSets and Jobs.

Texts are kube-apiserver's (kubernetes pkg/apis/apps/validation, pkg/apis/batch/validation). Of Jobs only
those that count completions are served; the others are refused, never run as something else.
"""

from collections.abc import Callable, Iterator

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.causes import bad_value, not_allowed, required, unsupported
from sekisho.wire.kube.members import mapping, objects, text
from sekisho.wire.kube.rollout import is_none_allowed
from sekisho.wire.kube.selectors import label_selector
from sekisho.wire.kube.status import Cause, quote
from sekisho.wire.kube.validate_labels import selector_causes
from sekisho.wire.kube.validate_pod import pod_rules, template_causes

OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})
_IMMUTABLE = "field is immutable"
_MISMATCH = "`selector` does not match template `labels`"
_UNSERVED_JOB = ("podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes", "managedBy")

Rules = Callable[[JsonObject, JsonObject | None], Iterator[Cause]]


def _deployment(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    spec = mapping(value, "spec")
    yield from _not_negative(spec, "replicas")
    yield from _selected_template(spec)
    yield from _strategy(mapping(spec, "strategy"))
    for member in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        yield from _not_negative(spec, member)
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds", 0)
    if isinstance(deadline, int) and isinstance(ready, int) and deadline <= ready:
        yield bad_value("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    yield from _same_selector(spec, old)


def _replica_set(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    spec = mapping(value, "spec")
    yield from _not_negative(spec, "replicas")
    yield from _not_negative(spec, "minReadySeconds")
    yield from _selected_template(spec)
    yield from _same_selector(spec, old)


def _job(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    spec = mapping(value, "spec")
    for member in (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ):
        yield from _not_negative(spec, member)
    if spec.get("completionMode", "NonIndexed") != "NonIndexed":
        yield unsupported("spec.completionMode", text(spec, "completionMode"), ("NonIndexed",))
    yield from (
        not_allowed(f"spec.{member}", "the lab does not serve it")
        for member in _UNSERVED_JOB
        if member in spec
    )
    template = mapping(spec, "template")
    yield from template_causes(template, "spec.template")
    policy = text(template, "spec", "restartPolicy")
    if policy == "Always":
        yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield unsupported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never"))
    if old is None:
        if mapping(spec, "selector") and spec.get("manualSelector") is not True:
            yield bad_value("spec.selector", mapping(spec, "selector"), "`selector` not auto-generated")
        return
    before = mapping(old, "spec")
    for member in ("completions", "selector", "template", "completionMode"):
        if before.get(member) != spec.get(member) and not _may_change(member, before, old):
            yield bad_value(f"spec.{member}", spec.get(member), _IMMUTABLE)


def _may_change(member: str, before: JsonObject, old: JsonObject) -> bool:
    """The template of a Job that is suspended and never began may change."""
    is_new = not text(old, "status", "startTime")
    return member == "template" and before.get("suspend") is True and is_new


def _selected_template(spec: JsonObject) -> Iterator[Cause]:
    selector = mapping(spec, "selector")
    template = mapping(spec, "template")
    if "selector" not in spec:
        yield required("spec.selector")
    else:
        yield from selector_causes(selector, "spec.selector")
        if not selector:
            yield bad_value("spec.selector", {}, "empty selector is invalid for deployment")
    labels = mapping(template, "metadata", "labels")
    if any(text(one, "operator") not in OPERATORS for one in objects(selector, "matchExpressions")):
        yield bad_value("spec.selector", selector, "invalid label selector")
        yield from _template(template)
        return
    is_selected = "selector" in spec and label_selector(selector).matches({"metadata": {"labels": labels}})
    if not is_selected:
        yield bad_value("spec.template.metadata.labels", labels or None, _MISMATCH)
    yield from _template(template)


def _template(template: JsonObject) -> Iterator[Cause]:
    yield from template_causes(template, "spec.template")
    policy = text(template, "spec", "restartPolicy")
    if policy != "Always" and policy:
        yield unsupported("spec.template.spec.restartPolicy", policy, ("Always",))
    if template.get("spec") and "activeDeadlineSeconds" in mapping(template, "spec"):
        yield not_allowed(
            "spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported"
        )


def _strategy(strategy: JsonObject) -> Iterator[Cause]:
    kind, rolling = text(strategy, "type"), "rollingUpdate" in strategy
    match kind:
        case "Recreate":
            if rolling:
                detail = "may not be specified when strategy `type` is 'Recreate'"
                yield not_allowed("spec.strategy.rollingUpdate", detail)
        case "RollingUpdate":
            update = mapping(strategy, "rollingUpdate")
            for member in ("maxUnavailable", "maxSurge"):
                yield from _portion(update.get(member), f"spec.strategy.rollingUpdate.{member}")
            missing = update.get("maxUnavailable")
            digits = missing.removesuffix("%") if isinstance(missing, str) else ""
            if digits.isascii() and digits.isdecimal() and int(digits) > 100:
                detail = "must not be greater than 100%"
                yield bad_value("spec.strategy.rollingUpdate.maxUnavailable", missing, detail)
            if is_none_allowed(update):
                yield bad_value(
                    "spec.strategy.rollingUpdate.maxUnavailable",
                    update.get("maxUnavailable"),
                    "may not be 0 when `maxSurge` is 0",
                )
        case "":
            yield required("spec.strategy")
        case other:
            shown = f'{{"Type":{quote(other)},"RollingUpdate":null}}'
            detail = f'Unsupported value: {shown}: supported values: "Recreate", "RollingUpdate"'
            yield Cause("FieldValueNotSupported", detail, "spec.strategy")


def _portion(given: Json, field: str) -> Iterator[Cause]:
    if isinstance(given, str):
        digits = given.removesuffix("%")
        if not (given.endswith("%") and digits.isascii() and digits.isdecimal()):
            detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  "
            yield bad_value(field, given, detail + "or '93%', regex used for validation is '[0-9]+%')")
    elif isinstance(given, int) and given < 0:
        yield bad_value(field, given, "must be greater than or equal to 0")


def _same_selector(spec: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    if old is not None and mapping(old, "spec", "selector") != mapping(spec, "selector"):
        yield bad_value("spec.selector", mapping(spec, "selector"), _IMMUTABLE)


def _not_negative(spec: JsonObject, member: str) -> Iterator[Cause]:
    given = spec.get(member)
    if isinstance(given, int) and given < 0:
        yield bad_value(f"spec.{member}", given, "must be greater than or equal to 0")


def _event(value: JsonObject, _: JsonObject | None) -> Iterator[Cause]:
    about, own = text(value, "involvedObject", "namespace"), text(value, "metadata", "namespace")
    if (about or "default") != own:
        yield bad_value("involvedObject.namespace", about, "does not match event.namespace")


RULES: dict[tuple[str, str], Rules] = {
    ("", "Event"): _event,
    ("", "Pod"): pod_rules,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "Job"): _job,
}

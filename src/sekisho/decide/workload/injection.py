"""Does a pod carry what admission would put into it now, and if not, why not.

Admission sees a pod once, when it is created: what its service account is given later does not reach it.
Sources: Kubernetes documentation, "Dynamic Admission Control"; amazon-eks-pod-identity-webhook, README;
AWS SDKs and Tools Reference Guide, "Standardized credential providers" (whose credentials count first).
"""

from dataclasses import dataclass
from posixpath import normpath
from typing import Final

from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.workload.code import WorkloadCode, WorkloadFix
from sekisho.decide.workload.identity import Method, PodIdentity, resolve
from sekisho.decide.workload.mutation import mutate, skipped_containers
from sekisho.decide.workload.registration import SKIP_LABEL, is_asked_about
from sekisho.decide.workload.settings import DEFAULT_EXPIRATION, AccountFacts, Settings
from sekisho.decide.workload.stored_pod import MountedContainer, StoredPod, TokenFile

_KEYS: Final = "AWS_ACCESS_KEY_ID"
_TRAILING: Final = "."


@dataclass(frozen=True, slots=True)
class Carried:
    """What the containers of a pod use: the first variable of the pair, and the token's audience and seconds.

    ``differs``: the service account says another role by now.
    """

    method: Method
    source: str
    audience: str
    seconds: int
    differs: bool = False


def planned(identity: PodIdentity) -> Carried:
    """Return what a pod that is yet to be created will use."""
    return Carried(identity.method, identity.source, identity.token.audience, identity.expiration)


def injected(pod: StoredPod, account: AccountFacts, settings: Settings) -> Decision[Carried]:
    """Return ALLOW with what ``pod`` uses; DENY with the reason if admission missed it.

    UNKNOWN: a container has keys of its own, and they count first. NO_OPINION: nobody gave the account
    a role (`identity.resolve`), and the pod has none of its own either. Total.
    """
    resolved = resolve(account, settings, pod.view.annotations, DEFAULT_EXPIRATION)
    keyed = next((one for one in pod.containers if _KEYS in one.variables), None)
    if keyed is not None:
        step = Step(WorkloadCode.OWN_KEYS, keyed.at.child("env"), (("container", keyed.name),))
        fix = Repair(WorkloadFix.REMOVE_VARIABLE, (("variable", _KEYS), ("container", keyed.name)))
        return Decision(Outcome.UNKNOWN, (step,), (step,), repairs=(fix,))
    own = [found for one in pod.containers for found in [_of(one, pod, resolved.value)] if found is not None]
    broken = next((found for found in own if not found.allowed), None)
    whole = next((found for found in own if found.allowed), None)
    if whole is None and broken is not None:
        return broken
    if whole is not None:
        return _carrying(whole, pod, resolved)
    if resolved.value is None:
        return Decision(resolved.outcome, resolved.decisive, resolved.trace)
    if pod.exists:
        return _missed(pod, account, resolved.value, settings)
    return _to_come(pod, account, resolved.value, settings)


def _of(
    container: MountedContainer, pod: StoredPod, identity: PodIdentity | None
) -> Decision[Carried] | None:
    """Return what a container has of a role; None if it has nothing of one."""
    method = next((one for one in Method if one.value[0] in container.variables), None)
    if method is None:
        return None
    source_name, file_name = method.value
    source, file = container.variables[source_name], container.variables.get(file_name)
    named = ("container", container.name)
    at = container.at.child("env")
    if source is None or (file is None and file_name in container.variables):
        step = Step(WorkloadCode.VARIABLE_UNREAD, at, (named, ("variable", source_name)))
        return Decision(Outcome.UNKNOWN, (step,), (step,))
    token = _token_at(file or "", container, pod)
    if token is None and not pod.exists and identity is not None and file is not None:
        expected = _planned_file(identity)
        if normpath(file) == expected:
            token = TokenFile("", "", identity.token.audience, identity.expiration)
    if token is None:
        code = WorkloadCode.FILE_DOT if _is_dotted(file or "", container, pod) else WorkloadCode.FILE_MISSING
        step = Step(code, at, (named, ("variable", file_name), ("file", file or "")))
        fix = Repair(WorkloadFix.REMOVE_VARIABLE, (("variable", source_name), ("container", container.name)))
        return Decision(Outcome.DENY, (step,), (step,), repairs=(fix, _recreate(pod)))
    facts = (named, ("source", source), ("file", file or ""))
    step = Step(WorkloadCode.CARRIES, at, facts)
    return Decision(Outcome.ALLOW, (step,), (step,), Carried(method, source, token.audience, token.seconds))


def _planned_file(identity: PodIdentity) -> str:
    return normpath(f"{identity.token.mount_path}/{identity.token.token_path}")


def _token_at(file: str, container: MountedContainer, pod: StoredPod) -> TokenFile | None:
    """Return the token that the container finds at ``file``."""
    wanted = normpath(file.removeprefix("C:").replace("\\", "/"))
    for volume, path in container.mounts:
        for token in pod.tokens:
            if token.volume == volume and normpath(f"{path}/{token.path}") == wanted:
                return token
    return None


def _is_dotted(file: str, container: MountedContainer, pod: StoredPod) -> bool:
    return file.endswith(_TRAILING) and _token_at(file.rstrip(_TRAILING), container, pod) is not None


def _carrying(found: Decision[Carried], pod: StoredPod, resolved: Decision[PodIdentity]) -> Decision[Carried]:
    """Return what the pod uses; and what its account says by now, where that is something else."""
    carried, identity = found.value, resolved.value
    assert carried is not None  # noqa: S101 - an ALLOW of `_of` has it
    now = "no role" if identity is None else identity.source
    if identity is not None and (carried.method, carried.source) == (identity.method, identity.source):
        return found
    step = Step(
        WorkloadCode.DIFFERS,
        found.decisive[0].at,
        (("pod", pod.view.name), ("source", carried.source), ("account", pod.view.account), ("now", now)),
    )
    differs = Carried(carried.method, carried.source, carried.audience, carried.seconds, differs=True)
    trace = (*found.trace, step)
    return Decision(Outcome.ALLOW, (step,), trace, differs, repairs=(_recreate(pod),))


def _missed(
    pod: StoredPod, account: AccountFacts, identity: PodIdentity, settings: Settings
) -> Decision[Carried]:
    """Return why admission put nothing into a pod that exists."""
    at, named = pod.view.at, ("pod", pod.view.name)
    told = (named, ("account", account.shown), ("source", identity.source))
    reason = _left_alone(pod, settings)
    if reason is not None:
        return reason
    if account.created and pod.created and pod.created < account.created:
        dated = (("created", pod.created), ("since", account.created))
        step = Step(WorkloadCode.MISSED_BEFORE, at.child("metadata", "creationTimestamp"), (*told, *dated))
    else:
        step = Step(WorkloadCode.MISSED, at, told)
    return Decision(Outcome.DENY, (step,), (step,), repairs=(_recreate(pod),))


def _to_come(
    pod: StoredPod, account: AccountFacts, identity: PodIdentity, settings: Settings
) -> Decision[Carried]:
    """Return what admission will put into pods of a template."""
    reason = _left_alone(pod, settings)
    if reason is not None:
        return reason
    found = mutate(pod.view, account, settings)
    step = Step(WorkloadCode.TO_COME, pod.view.at, (("source", identity.source), ("account", account.shown)))
    return Decision(Outcome.ALLOW, (step,), (step, *found.trace), planned(identity))


def _left_alone(pod: StoredPod, settings: Settings) -> Decision[Carried] | None:
    """Return why admission leaves every container of the pod alone; None if it does not."""
    at, named = pod.view.at.child("metadata"), ("pod", pod.view.name)
    if not is_asked_about(pod.view):
        place = at.child("labels", SKIP_LABEL)
        step = Step(WorkloadCode.OPTED_OUT, place, (named, ("label", SKIP_LABEL)))
        fix = Repair(WorkloadFix.REMOVE_LABEL, (*_where(pod), ("label", SKIP_LABEL)))
        return Decision(Outcome.DENY, (step,), (step,), repairs=(fix,))
    skipped = skipped_containers(pod.view, settings)
    if pod.view.containers and all(one.name in skipped for one in pod.view.containers):
        name = settings.annotation("skip-containers")
        step = Step(WorkloadCode.ALL_SKIPPED, at.child("annotations", name), (named, ("annotation", name)))
        fix = Repair(WorkloadFix.REMOVE_ANNOTATION, (*_where(pod), ("annotation", name)))
        return Decision(Outcome.DENY, (step,), (step,), repairs=(fix,))
    return None


def _where(pod: StoredPod) -> tuple[tuple[str, str], ...]:
    return (("kind", pod.kind), ("pod", pod.view.name), ("namespace", pod.namespace))


def _recreate(pod: StoredPod) -> Repair:
    return Repair(WorkloadFix.RECREATE, _where(pod))

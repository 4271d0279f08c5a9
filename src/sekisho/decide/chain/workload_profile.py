"""The link of an AWS profile: where the one that a container uses leads, and whether its token is there.

Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider".
"""

from posixpath import normpath

from sekisho.decide.chain.workload_question import Workload
from sekisho.decide.decision import Decision, Outcome, ReasonCode, Repair, Step
from sekisho.decide.values import Ref
from sekisho.decide.workload.aws_profiles import ProfileWay
from sekisho.decide.workload.code import WorkloadCode, WorkloadFix
from sekisho.decide.workload.injection import Carried


def decide_profile(way: ProfileWay, workload: Workload, carried: Carried) -> Decision[str]:
    """Return the last role that the profile leads to, or why it leads nowhere."""
    named = (("profile", way.name), ("config_map", way.config_map))
    if way.loop or way.missing or not way.hops:
        code = WorkloadCode.PROFILE_LOOP if way.loop else WorkloadCode.PROFILE_UNKNOWN
        told = (("profile", way.loop or way.missing or way.name), ("config_map", way.config_map))
        return _refused(code, way.at, told)
    wanted = _token_files(workload)
    if way.token_file and wanted and normpath(way.token_file) not in wanted:
        is_dot = normpath(way.token_file.rstrip(".")) in wanted
        code = WorkloadCode.PROFILE_DOT if is_dot else WorkloadCode.PROFILE_FILE
        files = (("file", way.token_file), ("token", wanted[0]))
        place = (("config_map", way.config_map), ("namespace", workload.account.namespace))
        fix = Repair(WorkloadFix.CORRECT_PROFILE, (*place, *files))
        return _refused(code, way.at, (("profile", way.hops[0].profile), *files), fix)
    step = Step(WorkloadCode.PROFILE, way.at, (*named, ("role", way.hops[-1].role)))
    return Decision(Outcome.ALLOW, (step,), (step,), carried.source)


def _token_files(workload: Workload) -> tuple[str, ...]:
    """Return where the containers of the pod find tokens: those mounted, or the one to come."""
    pod, token = workload.pod, workload.settings.web_token
    if pod is None or not pod.exists:
        return (normpath(f"{token.mount_path}/{token.token_path}"),)
    # Those for AWS first: the token for the cluster's own API is mounted in nearly every pod.
    tokens = sorted(pod.tokens, key=lambda one: one.audience != workload.settings.audience)
    return tuple(
        dict.fromkeys(
            normpath(f"{path}/{one.path}")
            for one in tokens
            for container in pod.containers
            for volume, path in container.mounts
            if one.volume == volume
        )
    )


def _refused(code: ReasonCode, at: Ref, told: tuple[tuple[str, str], ...], *repairs: Repair) -> Decision[str]:
    step = Step(code, at, told)
    return Decision(Outcome.DENY, (step,), (step,), repairs=repairs)

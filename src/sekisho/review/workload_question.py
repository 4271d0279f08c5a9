"""What a workload may do in AWS: its credentials link by link, then what their policies say."""

from dataclasses import replace

from sekisho.decide.chain.workload_to_aws import Credentials, assume_next, obtain, permitted
from sekisho.decide.request.aws_reference import ServiceReference
from sekisho.decide.values import Instant
from sekisho.facts.permissions import AwsPolicyText
from sekisho.review.next_roles import NextRole, next_roles
from sekisho.review.questions import AwsAnswer, answer_aws, known_action, need_cluster
from sekisho.review.source import Source
from sekisho.review.stored_workloads import workloads_by_account
from sekisho.review.told import NOTHING_TOLD, Told
from sekisho.review.workload_facts import SnapshotWorkloadFacts, workload_of
from sekisho.review.workload_name import SERVICE_ACCOUNT, WorkloadName


def credentials_of(
    name: WorkloadName,
    source: Source,
    aws_policy: AwsPolicyText,
    now: Instant,
    then_roles: tuple[str, ...] = (),
    aws_profile: str = "",
) -> Credentials:
    """Return the credentials of a workload, after the roles of ``then_roles`` one by one.

    Raises:
        SekishoInputError: no such workload or cluster; a stored document breaks its grammar.
    """
    cluster = need_cluster(source).cluster
    facts = SnapshotWorkloadFacts(source.snapshot, aws_policy, source.is_whole)
    found = obtain(workload_of(name, cluster, source, aws_profile), facts, now)
    for role in then_roles:
        found = assume_next(found, role, facts, now)
    return found


def next_roles_of(
    name: WorkloadName, source: Source, aws_policy: AwsPolicyText, now: Instant
) -> tuple[NextRole, ...]:
    """Return the roles to which the pods of a service account can go on; empty for other workloads.

    Raises:
        SekishoInputError: as `credentials_of`.
    """
    if name.kind != SERVICE_ACCOUNT:
        return ()
    cluster = need_cluster(source).cluster
    facts = SnapshotWorkloadFacts(source.snapshot, aws_policy, source.is_whole)
    used_by = workloads_by_account(cluster, source, name.namespace).get((name.namespace, name.name), ())
    return next_roles(workload_of(name, cluster, source), used_by, cluster, source, facts, now)


def answer_permission(
    found: Credentials,
    action: str,
    resource: str,
    source: Source,
    reference: ServiceReference,
    aws_policy: AwsPolicyText,
    told: Told = NOTHING_TOLD,
) -> AwsAnswer:
    """Return the chain that goes on with the policies of the session, if there is one.

    Raises:
        SekishoInputError: ``action`` is no action of its service.
    """
    if found.session is None:
        known_action(action, reference)
        return AwsAnswer(found.chain)
    got = answer_aws(who_of(found), action, resource, source, reference, aws_policy, told_of(found, told))
    return replace(got, chain=permitted(found, got.chain))


def who_of(found: Credentials) -> str:
    """Return the ARN of the session that was obtained."""
    assert found.session is not None  # noqa: S101 - asked for those that were obtained
    return str(found.session.principal.arn)


def told_of(found: Credentials, told: Told) -> Told:
    """Return what was told, with the tags that the session brings."""
    tags = () if found.session is None else found.session.tags
    keys = {f"aws:PrincipalTag/{key}": value for key, value in tags}
    return replace(told, keys={**keys, **told.keys})

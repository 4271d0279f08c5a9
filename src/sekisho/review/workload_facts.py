"""What the facts say of a workload: its service account, its pod, its cluster and its AWS profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.decide.chain.workload_question import Workload
from sekisho.decide.sts import StsFacts
from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError
from sekisho.decide.workload.aws_profiles import Profiles, ProfileWay, last_profiles, read_profiles, way_of
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.decide.workload.stored_pod import StoredPod, read_workload
from sekisho.facts import Cluster, Snapshot, kube_key
from sekisho.facts.keys import Kind, kube_scope
from sekisho.facts.permissions import AwsPolicyText
from sekisho.facts.pod_identity import association_for, pod_identity_of
from sekisho.facts.shape import nearest
from sekisho.facts.sts_facts import SnapshotStsFacts
from sekisho.review.source import Source
from sekisho.review.workload_name import SERVICE_ACCOUNT, WorkloadName

_ACCOUNTS = ("", "serviceaccounts")
_CONFIG_MAPS = ("", "configmaps")


@dataclass(frozen=True, slots=True)
class SnapshotWorkloadFacts:
    """Answers `sekisho.decide.chain.workload_to_aws.WorkloadFacts` from a Snapshot.

    ``is_whole``: the facts are all there is, as those of a lab are.
    """

    facts: Snapshot
    aws_policy: AwsPolicyText
    is_whole: bool = False

    @property
    def sts(self) -> StsFacts:
        """The roles, providers and policies."""
        return SnapshotStsFacts(self.facts, self.aws_policy)

    def are_roles_read(self, account: str) -> bool:
        """Tell whether a role that is not among the facts does not exist."""
        return self.is_whole or (self._is_known(account) and self.facts.gap(Kind.ROLE, account) is None)

    def are_providers_read(self, account: str) -> bool:
        """Tell whether an identity provider that is not among the facts does not exist."""
        gap = self.facts.gap(Kind.OIDC_PROVIDER, account)
        return self.is_whole or (self._is_known(account) and gap is None)

    def _is_known(self, account: str) -> bool:
        return self.facts.account(account) is not None


def settings_of(cluster: Cluster) -> Settings:
    """Return how EKS's own webhook is set up in a cluster."""
    return Settings(region=cluster.region, regional_sts=True)


def account_facts(namespace: str, name: str, cluster: Cluster, source: Source) -> AccountFacts:
    """Return what is known of a service account. Total."""
    arn = str(cluster.arn)
    found = source.snapshot.kube(kube_key(arn, *_ACCOUNTS, namespace, name))
    if found is None and name == "default" and is_state(cluster, source):
        found = {}  # Kubernetes makes one in every namespace
    is_associated = association_for(source.snapshot, arn, namespace, name) is not None
    if found is None:
        is_read = is_state(cluster, source)
        return AccountFacts(namespace, name, None, is_read, is_associated=is_associated)
    metadata = _object(found.get("metadata"))
    annotations = {
        key: value for key, value in _object(metadata.get("annotations")).items() if isinstance(value, str)
    }
    created = metadata.get("creationTimestamp")
    since = created if isinstance(created, str) else ""
    return AccountFacts(namespace, name, annotations, is_associated=is_associated, created=since)


def is_state(cluster: Cluster, source: Source) -> bool:
    """Tell whether the facts are all that a cluster holds, as a lab's and a world file's are."""
    scope = kube_scope(str(cluster.arn), *_ACCOUNTS)
    return source.is_whole or source.snapshot.gap(Kind.KUBE, scope) is None


def workload_of(name: WorkloadName, cluster: Cluster, source: Source, aws_profile: str = "") -> Workload:
    """Return the workload that ``name`` spells. ``aws_profile`` is the profile in question, if one was named.

    Raises:
        SekishoInputError: there is no such pod, or it is malformed; no ConfigMap has that profile.
    """
    pod: StoredPod | None = None
    account = name.name
    if name.kind != SERVICE_ACCOUNT:
        body = _object_named(name, cluster, source)
        pod = read_workload(body, object_ref(name), is_state=is_state(cluster, source))
        account = pod.view.account
    profile = None if pod is None else profile_of(pod, cluster, source, aws_profile)
    if aws_profile and profile is None:
        problem = f"`{name.shown}` mounts no ConfigMap with AWS profiles"
        raise SekishoInputError.single("question.no-profile", Ref("question"), problem)
    return Workload(
        account_facts(name.namespace, account, cluster, source),
        str(cluster.arn),
        cluster.issuer,
        settings_of(cluster),
        pod,
        profile,
        pod_identity_of(source.snapshot, cluster),
    )


def object_ref(name: WorkloadName) -> Ref:
    """Return the object as a document of its own."""
    return Ref(f"{name.kind.lower()}/{name.namespace}/{name.name}")


def _object_named(name: WorkloadName, cluster: Cluster, source: Source) -> JsonObject:
    arn = str(cluster.arn)
    found = source.snapshot.kube(kube_key(arn, name.group, name.resource, name.namespace, name.name))
    if found is not None:
        return found
    scope = source.snapshot.scope(Kind.KUBE, kube_scope(arn, name.group, name.resource))
    here = [one.partition("/")[2] for one in scope if one.startswith(f"{name.namespace}/")]
    problem = f"there is no {name.kind} `{name.name}` in the namespace `{name.namespace}`"
    elsewhere = next((one for one in scope if one.endswith(f"/{name.name}")), "")
    hint = nearest(name.name, here)
    if elsewhere:
        hint = f"there is one in another namespace: -n {elsewhere.partition('/')[0]}"
    raise SekishoInputError.single("question.no-such-workload", Ref("question"), problem, hint)


def profiles_of(pod: StoredPod, cluster: Cluster, source: Source) -> tuple[ProfileWay, ...]:
    """Return the ways of the profiles in a pod's ConfigMaps on which no other builds. Total."""
    return tuple(
        way_of(name, profiles, at, config_map)
        for profiles, at, config_map in _profile_files(pod, cluster, source)
        for name in last_profiles(profiles)
    )


def profile_of(pod: StoredPod, cluster: Cluster, source: Source, wanted: str = "") -> ProfileWay | None:
    """Return the way of the profile that a pod uses: the named one, AWS_PROFILE, or the only last one."""
    named = wanted or next(filter(None, (one.variables.get("AWS_PROFILE") for one in pod.containers)), "")
    for profiles, at, config_map in _profile_files(pod, cluster, source):
        last = last_profiles(profiles)
        chosen = named or (last[0] if len(last) == 1 else "")
        if chosen:
            return way_of(chosen, profiles, at, config_map)
    return None


def _profile_files(pod: StoredPod, cluster: Cluster, source: Source) -> Iterator[tuple[Profiles, Ref, str]]:
    """Yield each file of profiles in the ConfigMaps that a pod mounts, its place and its ConfigMap."""
    for _, config_map in pod.config_maps:
        key = kube_key(str(cluster.arn), *_CONFIG_MAPS, pod.namespace, config_map)
        data = _object((source.snapshot.kube(key) or {}).get("data"))
        for member, value in data.items():
            profiles = read_profiles(value) if isinstance(value, str) and "role_arn" in value else {}
            if profiles:
                yield (
                    profiles,
                    Ref(f"configmap/{pod.namespace}/{config_map}").child("data", member),
                    config_map,
                )


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}

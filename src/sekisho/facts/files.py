"""Files as people have them, recognised by what is in them, read into one Snapshot.

Understood: world files, Kubernetes manifests and what `kubectl get -o yaml|json` prints, and the output of
`aws eks describe-cluster`, `list-access-entries`, `describe-access-entry`, `list-associated-access-policies`,
and of `aws iam get-account-authorization-details`, `get-role`, `list-roles`, `get-open-id-connect-provider`,
`list-open-id-connect-providers`. What none of the files says becomes a gap.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sekisho.decide.decision import Step
from sekisho.decide.eks.creator import MODES
from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.objects import GROUP
from sekisho.decide.values import AccountId, InputFault, Json, Ref, SekishoInputError, documents
from sekisho.facts.account_details import is_account_details, read_account_details
from sekisho.facts.aws_auth_data import aws_auth_key
from sekisho.facts.cluster_entries import entries_at
from sekisho.facts.cluster_nodes import NODE_RESOURCES
from sekisho.facts.described_associations import (
    DescribedAssociations,
    is_associations,
    read_associations,
)
from sekisho.facts.described_associations import merged as merged_associations
from sekisho.facts.described_cluster import is_described_cluster, read_described_cluster
from sekisho.facts.described_entries import (
    DescribedEntries,
    cluster_named,
    is_access_entries,
    merged,
    read_access_entries,
)
from sekisho.facts.described_iam import DescribedIam, is_iam_output, read_iam_output
from sekisho.facts.keys import Key, Kind, kube_scope
from sekisho.facts.kube_documents import is_kubernetes, read_kubernetes
from sekisho.facts.lines import line_of
from sekisho.facts.loaded import Loaded, NoticeCode, SourceText
from sekisho.facts.manifest import Manifest, places_of_workloads, put_manifest, text
from sekisho.facts.model import Cluster
from sekisho.facts.pod_identity import associations_at
from sekisho.facts.shape import MAX_FAULTS, nearest
from sekisho.facts.snapshot import Event, Gap, Put, Snapshot
from sekisho.facts.snapshot_cluster import RBAC_RESOURCES, SnapshotCluster, aws_auth_scope
from sekisho.facts.world.content import UNDATED
from sekisho.facts.world.events import UnknownIds, account_events, cluster_events, kube_events, manifests
from sekisho.facts.world.file import is_world, parse_world

UNDERSTOOD = (
    "a world file, Kubernetes manifests or `kubectl get -o yaml|json` output, the output of "
    "`aws eks describe-cluster`, `list-access-entries`, `describe-access-entry`, "
    "`list-associated-access-policies`, `list-pod-identity-associations` or "
    "`describe-pod-identity-association`, or of `aws iam get-account-authorization-details`, `get-role`, "
    "`list-roles`, `get-open-id-connect-provider` or `list-open-id-connect-providers`"
)
NAMELESS = "cluster"
"""What a cluster is called of which only objects were read and nobody said the name."""


def read_documents(
    named_texts: Sequence[tuple[str, str]],
    *,
    cluster: str | None = None,
    authentication_mode: str | None = None,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Loaded:
    """Return what the texts say together.

    Args:
        named_texts: name and content of each file; names are distinct.
        cluster: name or ARN of the cluster in question. Objects that stand in no world file belong to it.
        authentication_mode: what the asker says it is, for files that do not say it.
        files: the texts of the files that world files name, by the names they give them.

    Raises:
        SekishoInputError: a file that cannot be understood; a cluster that no file speaks of; every
            fault carries its line.
    """
    reader = _Reader(authentication_mode, files)
    for name, content in named_texts:
        reader.read(name, content)
    if reader.faults:
        raise SekishoInputError(reader.faults)
    return reader.loaded(cluster)


class _Reader:
    """Gathers what the files say; a fault in one does not hide those in others."""

    def __init__(self, authentication_mode: str | None, files: Mapping[str, str]) -> None:
        if authentication_mode is not None and authentication_mode not in MODES:
            expected = ", ".join(sorted(MODES))
            raise SekishoInputError.single(
                "facts.authentication-mode",
                Ref("authentication-mode"),
                f"expected one of {expected}, found `{authentication_mode[:40]}`",
                nearest(authentication_mode, MODES),
            )
        self._mode = authentication_mode or ""
        self._files = files
        self.faults: list[InputFault] = []
        self._texts: dict[str, SourceText] = {}
        self._events: list[Event] = []
        self._gaps: list[Gap] = []
        self._notices: list[Step] = []
        self._places: dict[Ref, Ref] = {}
        self._clusters: dict[str, Cluster] = {}
        self._worlds: set[str] = set()
        self._loose: list[Manifest] = []
        self._described: dict[str, DescribedEntries] = {}
        self._associations: dict[str, DescribedAssociations] = {}
        self._iam = DescribedIam()
        self._detailed: set[AccountId] = set()
        self._manifests: dict[Key, Manifest] = {}

    def read(self, name: str, content: str) -> None:
        """Read one file, or note why it cannot be read."""
        if name in self._texts:
            self.faults.append(InputFault("facts.file-twice", Ref(name), "the file is named twice"))
            return
        try:
            found = _parsed(content, name)
            self._texts[name] = SourceText(content, len(found) > 1)
            for number, value in enumerate(found):
                at = Ref(name).child(number) if len(found) > 1 else Ref(name)
                try:
                    self._read_value(value, at, content)
                except SekishoInputError as error:
                    self.faults.extend(_with_lines(error.faults, content, at, number))
        except SekishoInputError as error:
            self.faults.extend(error.faults)
            return
        if not found:
            self.faults.append(
                InputFault("facts.empty", Ref(name), f"the file is empty; expected {UNDERSTOOD}")
            )

    def loaded(self, wanted: str | None) -> Loaded:
        """Return everything, after the objects have found their cluster."""
        chosen = self._chosen(wanted)
        if chosen is not None:
            self._place_loose(chosen)
            self._places.update(places_of_workloads(self._manifests, str(chosen.arn)))
        self._place_entries(chosen)
        self._place_associations(chosen)
        self._place_iam()
        for arn in self._clusters:
            self._note_gaps(arn)
        snapshot = Snapshot(self._events, self._gaps)
        clusters = {
            arn: SnapshotCluster(snapshot, cluster, self._manifests)
            for arn, cluster in self._clusters.items()
        }
        return Loaded(
            snapshot,
            clusters,
            None if chosen is None else clusters[str(chosen.arn)],
            tuple(self._notices),
            self._texts,
            self._places,
        )

    def _read_value(self, value: Json, at: Ref, content: str) -> None:
        if is_world(value):
            self._read_world(at, content)
        elif is_described_cluster(value):
            found = read_described_cluster(value, at, self._mode)
            self._add_cluster(found, at.child("cluster"))
        elif is_account_details(value):
            details = read_account_details(value, at)
            self._events.extend(details.events)
            self._places.update(details.places)
            self._detailed.update(details.accounts)
            if details.truncated:
                self._notices.append(Step(NoticeCode.MORE_PAGES, at))
                self._gaps.extend(
                    Gap(kind, account, "the listing ends before the last page")
                    for account in details.accounts
                    for kind in (Kind.USER, Kind.GROUP, Kind.ROLE, Kind.POLICY)
                )
        elif is_access_entries(value):
            described = self._described.setdefault(cluster_named(value), DescribedEntries())
            read_access_entries(value, at, described)
        elif is_iam_output(value):
            read_iam_output(value, at, self._iam)
        elif is_associations(value):
            read_associations(value, at, self._associations)
        elif is_kubernetes(value):
            self._loose.extend(read_kubernetes(value, at))
        else:
            raise SekishoInputError.single("facts.not-understood", at, f"expected {UNDERSTOOD}")

    def _read_world(self, at: Ref, content: str) -> None:
        world = parse_world(content, at.document, self._files)
        for _, place in world.places:
            if place.document in self._files:
                self._texts.setdefault(place.document, SourceText(self._files[place.document]))
        accounts = account_events(world, UnknownIds(), UNDATED)
        self._events.extend(accounts)
        self._places.update({Ref(name): place for name, place in world.places})
        for found in world.clusters:
            arn = str(found.cluster.arn)
            self._worlds.add(arn)
            self._clusters[arn] = found.cluster
            self._events.extend(cluster_events(found, accounts, UNDATED))
            self._places.update({entries_at(arn).child(one.entry.principal): one.at for one in found.entries})
            own = found.associations
            self._places.update(
                {associations_at(arn).child(one.association.association): one.at for one in own}
            )
            self._events.extend(kube_events(found, UNDATED))
            self._manifests.update({one.key(arn): one for one in manifests(found, UNDATED)})

    def _add_cluster(self, cluster: Cluster, at: Ref) -> None:
        arn = str(cluster.arn)
        known = self._clusters.get(arn)
        # A world file knows the creator, which EKS does not tell.
        whole = cluster if known is None else replace(cluster, creator=known.creator)
        self._clusters[arn] = whole
        self._places[Ref(arn)] = at
        self._events.append(Put(_key(whole), whole))

    def _chosen(self, wanted: str | None) -> Cluster | None:
        """Return the cluster in question; one that only has objects is made for them."""
        known = self._clusters
        if not known:
            told = (*self._described, *self._associations)
            if wanted is None and not self._loose and not told:
                return None
            named = next((name for name in told if name), NAMELESS)
            cluster = _unread_cluster(wanted or named, self._mode)
            self._clusters[str(cluster.arn)] = cluster
            self._events.append(Put(_key(cluster), cluster))
            return cluster
        fitting = [one for arn, one in known.items() if wanted in (None, arn, one.name)]
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            names = [name for arn, one in known.items() for name in (one.name, arn)]
            problem = f"no file speaks of a cluster `{str(wanted)[:200]}`"
            hint = nearest(str(wanted), names) or f"known are {', '.join(known)}"
            raise SekishoInputError.single("facts.cluster-unknown", Ref("cluster"), problem, hint)
        if wanted is None and not self._loose and "" not in (*self._described, *self._associations):
            return None
        problem = f"the files speak of {len(fitting)} clusters"
        raise SekishoInputError.single(
            "facts.cluster-ambiguous", Ref("cluster"), problem, f"name one: {', '.join(sorted(known))}"
        )

    def _place_loose(self, cluster: Cluster) -> None:
        arn = str(cluster.arn)
        for manifest in self._loose:
            key = manifest.key(arn)
            before = self._manifests.get(key)
            if before is not None and before.at is not None and manifest.at is not None:
                facts = (
                    ("object", f"{text(manifest.body, 'kind')} {key.name.lstrip('/')}"),
                    ("by", str(manifest.at)),
                )
                self._notices.append(Step(NoticeCode.REPLACED, before.at, facts))
            self._manifests[key] = manifest
            self._events.append(put_manifest(arn, manifest))

    def _place_entries(self, chosen: Cluster | None) -> None:
        """Give the outputs about access entries to their clusters: a listing names none."""
        _known_cluster(self._described, self._clusters.values(), "access entries")
        for arn, cluster in self._clusters.items():
            names = {cluster.name, ""} if cluster is chosen else {cluster.name}
            named = [self._described[name] for name in names if name in self._described]
            if arn in self._worlds and not named:
                continue
            events, gaps, places = merged(named).facts(arn)
            self._events.extend(events)
            self._gaps.extend(gaps)
            self._places.update(places)

    def _place_associations(self, chosen: Cluster | None) -> None:
        """Give the outputs about Pod Identity to their clusters: a list of none names no cluster."""
        _known_cluster(self._associations, self._clusters.values(), "Pod Identity associations")
        for arn, cluster in self._clusters.items():
            names = {cluster.name, ""} if cluster is chosen else {cluster.name}
            named = [self._associations[name] for name in names if name in self._associations]
            if arn in self._worlds and not named:
                continue
            events, gaps, places = merged_associations(named).facts(arn)
            self._events.extend(events)
            self._gaps.extend(gaps)
            self._places.update(places)

    def _place_iam(self) -> None:
        """Add roles and providers of which other files do not tell more."""
        told = {event.key for event in self._events if isinstance(event, Put)}
        events, gaps, places = self._iam.facts(told, self._detailed)
        self._events.extend(events)
        self._gaps.extend(gaps)
        self._places = {**places, **self._places}

    def _note_gaps(self, arn: str) -> None:
        """Note what was not read of a cluster; a world file says all there is."""
        if arn in self._worlds:
            return
        keys = {key for key in self._manifests if key.scope.startswith(f"{arn} ")}
        if aws_auth_key(arn) not in keys:
            reason = "the ConfigMap kube-system/aws-auth is in none of the files"
            self._gaps.append(Gap(Kind.KUBE, aws_auth_scope(arn), reason))
        read = {key.scope for key in keys}
        accounts = kube_scope(arn, "", "serviceaccounts")
        self._gaps.append(Gap(Kind.KUBE, accounts, "files need not hold all service accounts"))
        for group, resource in NODE_RESOURCES:
            scope = kube_scope(arn, group, resource)
            if scope not in read:
                self._gaps.append(Gap(Kind.KUBE, scope, f"none of {resource} is in the files"))
        scopes = [kube_scope(arn, GROUP, resource) for resource in RBAC_RESOURCES]
        if read.isdisjoint(scopes):
            self._gaps.extend(Gap(Kind.KUBE, scope, "no RBAC object is in the files") for scope in scopes)
            return
        missing = [name for name, key in _system_defaults(arn) if key not in keys]
        if missing:
            facts = (("count", str(len(missing))), ("example", missing[0]))
            self._notices.append(Step(NoticeCode.DEFAULTS_MISSING, Ref(arn), facts))


def _known_cluster(named: Iterable[str], clusters: Iterable[Cluster], what: str) -> None:
    """Refuse an output about a cluster of which no other file speaks."""
    known = {"", *(cluster.name for cluster in clusters)}
    stray = next((name for name in named if name not in known), None)
    if stray is not None:
        problem = f"{what} of a cluster `{stray[:200]}`, of which no other file speaks"
        hint = nearest(stray, known) or "add the output of `aws eks describe-cluster`"
        raise SekishoInputError.single("facts.cluster-unknown", Ref("cluster"), problem, hint)


def _parsed(content: str, name: str) -> list[Json]:
    """Return the documents of a file; JSON is read as JSON, which is faster and stricter."""
    if content.lstrip()[:1] == "{":
        return [documents.parse_json(content, name)]
    return [value for value, _ in documents.parse_yaml_all(content, name)]


def _with_lines(faults: Sequence[InputFault], content: str, at: Ref, number: int) -> Iterator[InputFault]:
    """Yield the faults that a person can read, each with its line unless whoever found it knew it."""
    for fault in faults[:MAX_FAULTS]:
        line = fault.line or line_of(content, fault.at.pointer.removeprefix(at.pointer), number)
        yield InputFault(fault.code, fault.at, fault.problem, fault.hint, line)
    if len(faults) > MAX_FAULTS + 1:  # a world file's own count of what it leaves out comes last
        yield InputFault("facts.more-faults", at, f"{len(faults) - MAX_FAULTS} more faults are not shown")
    elif len(faults) > MAX_FAULTS:
        yield faults[MAX_FAULTS]


def _system_defaults(arn: str) -> Iterable[tuple[str, Key]]:
    """Yield the objects by which a complete dump is known: those that Kubernetes itself writes."""
    for body in default_objects():
        name = text(body.get("metadata"), "name")
        if name.startswith("system:"):
            yield f"{text(body, 'kind')} {name}", Manifest(body, None).key(arn)


def _key(cluster: Cluster) -> Key:
    return Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name)


def _unread_cluster(name: str, mode: str) -> Cluster:
    """Return a cluster of which nothing is known but the name that somebody gave it."""
    account, region, given = AccountId(""), "", name
    sections = name.split(":", 5)
    if len(sections) == 6 and sections[5].startswith("cluster/"):
        account, region, given = AccountId(sections[4]), sections[3], sections[5].removeprefix("cluster/")
    return Cluster(account, region, given, "", UNDATED, mode)

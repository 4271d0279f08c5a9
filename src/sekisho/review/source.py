"""Where the facts of a question come from: a running lab, or files; the questions do not know which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from sekisho.decide.values import Json, Ref, SekishoInputError
from sekisho.facts import Snapshot
from sekisho.facts.files import read_documents
from sekisho.facts.lines import line_of
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.facts.snapshot_document import facts_from_document

LineOf = Callable[[Ref], tuple[str, int] | None]


@dataclass(frozen=True, slots=True)
class Source:
    """Facts, the cluster in question, and the way from a reason back to a line of a file.

    ``cluster`` is None if there is none, or several and none was named. ``notices`` are sentences
    about what was read. ``is_whole``: the facts are all there is, as those of a lab are.
    """

    snapshot: Snapshot
    cluster: SnapshotCluster | None
    line_of: LineOf
    notices: tuple[str, ...] = ()
    is_whole: bool = False


def from_files(
    named_texts: Sequence[tuple[str, str]],
    cluster: str | None,
    mode: str | None,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Source:
    """Return the facts of files; see `sekisho.facts.files` for what is understood.

    ``files`` are the texts of those that world files name.

    Raises:
        SekishoInputError: a file that cannot be understood, or no such cluster; with file and line.
    """
    loaded = read_documents(named_texts, cluster=cluster, authentication_mode=mode, files=files)
    notices = tuple(step.sentence() for step in loaded.notices)
    warnings = tuple(notice.step.sentence() for notice in loaded.aws_auth_notices)
    return Source(loaded.snapshot, loaded.cluster, loaded.line_of, (*notices, *warnings))


def from_lab(document: Json, cluster: str | None) -> Source:
    """Return the facts that a lab handed out (`facts_to_document`).

    Raises:
        SekishoInputError: not such a document, or no such cluster.
    """
    snapshot = facts_from_document(document)
    known = {str(one.arn): one for one in snapshot.clusters()}
    fitting = [arn for arn, one in known.items() if cluster in (None, arn, one.name)]
    if cluster is not None and len(fitting) != 1:
        problem = f"`{cluster[:200]}` names {len(fitting) or 'none'} of the lab's clusters"
        raise SekishoInputError.single(
            "facts.cluster-unknown", Ref("cluster"), problem, f"known are {', '.join(known) or 'none'}"
        )
    chosen = SnapshotCluster(snapshot, known[fitting[0]]) if len(fitting) == 1 else None
    return Source(snapshot, chosen, _no_line, is_whole=True)


def from_nothing() -> Source:
    """Return a source without facts: what is asked about is handed in as drafts."""
    return Source(Snapshot(), None, _no_line)


def beside_texts(source: Source, named_texts: Sequence[tuple[str, str]]) -> Source:
    """Return ``source`` with the lines of texts that were handed in beside the facts."""
    texts = dict(named_texts)

    def found(ref: Ref) -> tuple[str, int] | None:
        text = texts.get(ref.document)
        return source.line_of(ref) if text is None else (ref.document, line_of(text, ref.pointer))

    return replace(source, line_of=found)


def with_lines(value: Json, line_of: LineOf) -> Json:
    """Return a chain's JSON form with ``file`` and ``line`` at every place that leads to a file."""
    if isinstance(value, Mapping):
        found = {name: with_lines(member, line_of) for name, member in value.items()}
        match value:
            case {"document": str(document), "pointer": str(pointer)}:
                place = line_of(Ref(document, pointer))
                if place is not None:
                    found |= {"file": place[0], "line": place[1]}
        return found
    if isinstance(value, list):
        return [with_lines(member, line_of) for member in value]
    return value


def _no_line(_ref: Ref) -> None:
    return None

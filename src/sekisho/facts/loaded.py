"""What a set of files says, and the way back from a reason to a line of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sekisho.decide.authn.notice import Notice
from sekisho.decide.decision import ReasonCode, Step
from sekisho.decide.values import Ref
from sekisho.facts.lines import line_of
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.snapshot_cluster import SnapshotCluster


class NoticeCode(ReasonCode):
    """What a reader of files should know although everything could be read."""

    DEFAULTS_MISSING = (
        "facts.rbac-defaults-missing",
        "{count} of the RBAC objects that every cluster has are not in the files, `{example}` among them",
    )
    REPLACED = "facts.object-replaced", "{object} stands at {by} too, which counts"
    MORE_PAGES = "facts.more-pages", "the output ends before the last page"


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's text. With ``several`` documents in it, its pointers start with the document's number."""

    text: str = field(repr=False)
    several: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """The facts of all files. ``clusters`` by ARN; ``cluster`` is the one that was asked for.

    ``cluster`` is None if the files speak of none, or of several and none was named.
    ``notices`` are about the files, ``aws_auth_notices`` about entries of aws-auth.
    ``places`` tell where in the files that stands which has a name of its own: an entity by its ARN
    (a policy's document), an inline policy by its name under the entity.
    """

    snapshot: Snapshot
    clusters: Mapping[str, SnapshotCluster]
    cluster: SnapshotCluster | None
    notices: tuple[Step, ...]
    texts: Mapping[str, SourceText]
    places: Mapping[Ref, Ref]

    @property
    def aws_auth_notices(self) -> tuple[Notice, ...]:
        """What is odd about the aws-auth of the clusters."""
        return tuple(notice for cluster in self.clusters.values() for notice in cluster.aws_auth_notices)

    def line_of(self, ref: Ref) -> tuple[str, int] | None:
        """Return the file and 1-based line that ``ref`` leads to; None if it leads to no file.

        A Ref of an ARN that a file describes leads to that description. Line 0 is unknown.
        """
        source = self.texts.get(ref.document)
        if source is None:
            place = self._in_a_file(ref)
            return None if place is None else self.line_of(place)
        pointer, number = ref.pointer, 0
        if source.several:
            first, *rest = ref.tokens() or ("0",)
            number = int(first) if first.isdecimal() else 0
            pointer = Ref("").child(*rest).pointer
        return ref.document, line_of(source.text, pointer, number)

    def _in_a_file(self, ref: Ref) -> Ref | None:
        """Return the place in a file that the longest known part of ``ref`` leads to, and on from there."""
        tokens = ref.tokens()
        for length in range(len(tokens), -1, -1):
            place = self.places.get(Ref(ref.document).child(*tokens[:length]))
            if place is not None and place.document in self.texts:
                return place.child(*tokens[length:])
        return None

"""The manifests of a preflight: files as `kubectl apply -f` takes them, each object with its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sekisho.decide.rbac.model import RbacObject
from sekisho.decide.rbac.objects import GROUP, KINDS, parse_object
from sekisho.decide.values import InputFault, Json, JsonObject, Ref, SekishoInputError, documents
from sekisho.facts.keys import Key, kube_key
from sekisho.facts.kube_documents import is_kubernetes, read_kubernetes
from sekisho.facts.lines import line_of
from sekisho.facts.manifest import CLUSTER_SCOPED, plural, text
from sekisho.review.source import LineOf

MAX_OBJECTS = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object as a file wants it. ``namespace`` is empty for one of the whole cluster."""

    body: JsonObject
    at: Ref
    kind: str
    group: str
    resource: str
    namespace: str
    name: str

    def key(self, cluster_arn: str) -> Key:
        """Return the key of the object among the facts of a cluster."""
        return kube_key(cluster_arn, self.group, self.resource, self.namespace, self.name)

    @property
    def is_rbac(self) -> bool:
        """Whether the object is a Role, a ClusterRole or a binding of one."""
        return self.group == GROUP and self.kind in KINDS

    def rbac(self, body: JsonObject) -> RbacObject:
        """Return ``body`` as the RBAC object that it is after this one was applied.

        Raises:
            SekishoInputError: the merged object has not the shape of its kind.
        """
        return parse_object(body, self.at, self.namespace)


@dataclass(frozen=True, slots=True)
class Wishes:
    """All objects of the files, in the order in which they are applied."""

    objects: tuple[Wanted, ...]
    line_of: LineOf


def read_wishes(named_texts: Sequence[tuple[str, str]], namespace: str) -> Wishes:
    """Return the objects of files; one without a namespace gets ``namespace`` if its kind has any.

    Raises:
        SekishoInputError: a file that is no manifest, or an object without kind or name, or an RBAC object
            of a wrong shape; every fault with its line.
    """
    faults: list[InputFault] = []
    found: list[Wanted] = []
    several: dict[str, bool] = {}
    texts = dict(named_texts)
    for name, content in named_texts:
        try:
            values = _documents(content, name)
        except SekishoInputError as error:
            faults.extend(error.faults)
            continue
        several[name] = len(values) > 1
        for number, value in enumerate(values):
            at = Ref(name).child(number) if several[name] else Ref(name)
            try:
                found.extend(_wanted(one, place, namespace) for one, place in _objects(value, at))
            except SekishoInputError as error:
                faults.extend(
                    InputFault(
                        fault.code,
                        fault.at,
                        fault.problem,
                        fault.hint,
                        line_of(content, fault.at.pointer.removeprefix(at.pointer), number),
                    )
                    for fault in error.faults
                )
    if faults:
        raise SekishoInputError(faults)
    if not found:
        problem = "there is no object in the files"
        raise SekishoInputError.single("preflight.empty", Ref(", ".join(texts) or "preflight"), problem)
    if len(found) > MAX_OBJECTS:
        problem = f"{len(found)} objects; at most {MAX_OBJECTS} are examined at once"
        raise SekishoInputError.single("preflight.too-many", Ref("preflight"), problem)

    def place(ref: Ref) -> tuple[str, int] | None:
        content = texts.get(ref.document)
        if content is None:
            return None
        if not several[ref.document]:
            return ref.document, line_of(content, ref.pointer)
        first, *rest = ref.tokens() or ("0",)
        return ref.document, line_of(content, Ref("").child(*rest).pointer, int(first))

    return Wishes(tuple(found), place)


def _documents(content: str, name: str) -> list[Json]:
    if content.lstrip()[:1] == "{":
        return [documents.parse_json(content, name)]
    return [value for value, _ in documents.parse_yaml_all(content, name) if value is not None]


def _objects(value: Json, at: Ref) -> list[tuple[JsonObject, Ref]]:
    if not is_kubernetes(value):
        problem = "expected a Kubernetes manifest with `apiVersion` and `kind`"
        raise SekishoInputError.single("preflight.not-a-manifest", at, problem)
    return [(one.body, one.at or at) for one in read_kubernetes(value, at)]


def _wanted(body: JsonObject, at: Ref, namespace: str) -> Wanted:
    group, _, _ = text(body, "apiVersion").rpartition("/")
    kind, metadata = text(body, "kind"), body["metadata"]
    within = "" if kind in CLUSTER_SCOPED else text(metadata, "namespace") or namespace
    if within and isinstance(metadata, Mapping):
        body = {**body, "metadata": {**metadata, "namespace": within}}
    return Wanted(body, at, kind, group, plural(kind), within, text(metadata, "name"))

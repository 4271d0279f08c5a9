"""The policy documents in what people have: a policy itself, or an answer of the AWS CLI around one.

``aws iam get-policy-version``, ``get-role``, ``get-role-policy``, ``get-account-authorization-details``,
``aws s3api get-bucket-policy`` and their like carry documents as objects or as text, URL-encoded in the raw
answers of IAM. Every policy in a file is found, however deep.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from sekisho.decide.iam import PolicyKind
from sekisho.decide.values import Json, Ref, SekishoInputError, documents
from sekisho.review.policy_check.lines import Lines

_TRUST_MEMBERS = frozenset({"assumerolepolicydocument", "assume_role_policy"})
_TOP = frozenset({"version", "statement", "statements", "id"})
_ENCODED, _PLAIN = "%7B", "{"
MAX_POLICIES = 10_000


@dataclass(frozen=True, slots=True)
class FoundPolicy:
    """A policy document in a file. ``kind`` is known where the member that held it tells.

    ``lines`` are those of the file, ``number`` tells which of its YAML documents this is.
    """

    value: Json
    at: Ref
    kind: PolicyKind | None
    lines: Lines
    number: int

    def line(self, at: Ref) -> int:
        """Return the line of a place in the document; of the text that holds it, where it is held as text."""
        return self.lines.line(at.pointer, self.number)


def find_policies(text: str, name: str) -> list[FoundPolicy]:
    """Return every policy document in the ``text`` of the file ``name``; never empty.

    Raises:
        SekishoInputError: neither JSON nor YAML, or no policy in it.
    """
    found: list[FoundPolicy] = []
    values = _values(text, name)
    lines = Lines(text)
    for number, value in enumerate(values):
        for document, at, kind in _walk(value, Ref(name), None):
            found.append(FoundPolicy(document, at, kind, lines, number))
            if len(found) > MAX_POLICIES:
                raise SekishoInputError.single(
                    "policy.too-many", Ref(name), f"more than {MAX_POLICIES} policies in one file"
                )
    if found:
        return found
    if len(values) == 1 and isinstance(values[0], Mapping) and {key.lower() for key in values[0]} & _TOP:
        return [FoundPolicy(values[0], Ref(name), None, lines, 0)]
    raise SekishoInputError.single(
        "policy.none-found",
        Ref(name),
        "there is no policy document in it",
        "a policy is an object with `Version` and `Statement`",
    )


def _values(text: str, name: str) -> list[Json]:
    if text.lstrip()[:1] in ("{", "["):
        return [documents.parse_json(text, name)]
    return [value for value, _ in documents.parse_yaml_all(text, name)]


def _walk(value: Json, at: Ref, kind: PolicyKind | None) -> Iterator[tuple[Json, Ref, PolicyKind | None]]:
    if isinstance(value, str):
        inner = _embedded(value)
        if inner is not None:
            yield inner, at, kind
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _walk(member, at.child(index), kind)
    elif isinstance(value, Mapping):
        if "Statement" in value:
            yield value, at, kind
            return
        for key, member in value.items():
            is_trust = key.lower() in _TRUST_MEMBERS
            yield from _walk(member, at.child(key), PolicyKind.TRUST if is_trust else kind)


def _embedded(text: str) -> Json:
    """Return the policy that a string writes, None if it writes none."""
    stripped = text.lstrip()
    if stripped[:3].upper() == _ENCODED:
        stripped = unquote(stripped)
    if not stripped.startswith(_PLAIN) or '"Statement"' not in stripped:
        return None
    try:
        value = documents.parse_json(stripped)
    except SekishoInputError:
        return None
    return value if isinstance(value, Mapping) and "Statement" in value else None

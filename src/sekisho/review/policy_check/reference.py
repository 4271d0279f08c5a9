"""What is known about AWS's actions, resource types and condition keys, made ready for the rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache

from sekisho.decide.iam.statement import ActionPattern
from sekisho.decide.request.aws_reference import ActionFacts, ServiceReference
from sekisho.decide.values import Wildcard
from sekisho.review.policy_check.global_keys import GLOBAL_KEYS
from sekisho.review.policy_check.overlap import split_arn
from sekisho.wire.service_reference import condition_key_types, known_services, load_service_reference

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-?key$")
_CLOSE = 0.75


@dataclass(frozen=True, slots=True)
class KeySet:
    """Condition keys by name, and those with a placeholder as patterns."""

    exact: frozenset[str]
    patterns: tuple[Wildcard, ...]

    @classmethod
    def of(cls, keys: frozenset[str]) -> "KeySet":
        """Return the set of ``keys``, lower-cased, placeholders standing for any text."""
        open_keys = sorted(key for key in keys if _PLACEHOLDER.search(key))
        return cls(
            keys - frozenset(open_keys), tuple(Wildcard(_PLACEHOLDER.sub("*", key)) for key in open_keys)
        )

    def __contains__(self, key: str) -> bool:
        """Tell whether ``key``, lower-cased, is one of them."""
        return key in self.exact or any(pattern.matches(key) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Reference:
    """The Service Authorization Reference and the global condition keys.

    ``key_types`` maps lower-cased keys, with placeholders, to their types.
    """

    services: ServiceReference
    prefixes: frozenset[str]
    key_types: Mapping[str, str]
    _by_service: dict[str, dict[str, ActionFacts]] = field(init=False, repr=False)
    _open_types: tuple[tuple[Wildcard, str], ...] = field(init=False, repr=False)
    _matches: dict[str, tuple[ActionFacts, ...]] = field(init=False, repr=False, default_factory=dict)
    _pattern_shapes: dict[str, tuple[tuple[str, ...], ...]] = field(
        init=False, repr=False, default_factory=dict
    )
    _keys: dict[str, KeySet] = field(init=False, repr=False, default_factory=dict)
    _types: dict[str, str] = field(init=False, repr=False, default_factory=dict)
    _shapes: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        by_service: dict[str, dict[str, ActionFacts]] = {}
        for name, facts in self.services.actions.items():
            by_service.setdefault(name.partition(":")[0], {})[name] = facts
        object.__setattr__(self, "_by_service", by_service)
        for shape in sorted(set(self.services.arn_patterns.values())):
            service = shape.split(":", 3)[2:3]
            owner = "".join(service)
            self._shapes.setdefault("" if "${" in owner else owner, []).append(shape)
        patterns = sorted((_PLACEHOLDER.sub("*", key), type_) for key, type_ in self.key_types.items())
        object.__setattr__(
            self, "_open_types", tuple((Wildcard(key), type_) for key, type_ in patterns if "*" in key)
        )

    def matching(self, pattern: ActionPattern) -> tuple[ActionFacts, ...]:
        """Return every action that ``pattern`` covers."""
        text = pattern.text.lower()
        if text not in self._matches:
            service = text.partition(":")[0]
            pool = self.services.actions if "*" in service else self._by_service.get(service, {})
            self._matches[text] = tuple(facts for name, facts in pool.items() if pattern.matches(name))
        return self._matches[text]

    def shapes(self, action: ActionFacts) -> tuple[str, ...]:
        """Return the ARNs, with placeholders, that ``action`` acts on; empty if on none in particular."""
        service = action.name.partition(":")[0].lower()
        found = (self.services.arn_patterns.get(f"{service}:{name}") for name in action.resource_types)
        return tuple(shape for shape in found if shape is not None)

    def shapes_for(self, pattern: ActionPattern) -> tuple[tuple[str, ...], ...]:
        """Return the ARNs, in sections, that any action of ``pattern`` acts on."""
        text = pattern.text.lower()
        if text not in self._pattern_shapes:
            shapes = {shape for action in self.matching(pattern) for shape in self.shapes(action)}
            self._pattern_shapes[text] = tuple(tuple(split_arn(shape)) for shape in sorted(shapes))
        return self._pattern_shapes[text]

    def shapes_of(self, service: str) -> tuple[str, ...]:
        """Return the ARNs, with placeholders, that ``service`` has; empty if the reference lists none."""
        return tuple(self._shapes.get(service, ()))

    @property
    def shapes_of_any(self) -> tuple[str, ...]:
        """The ARNs that are made in the name of other services, as recovery points of backups are."""
        return tuple(self._shapes.get("", ()))

    def keys(self, action: ActionFacts) -> KeySet:
        """Return the condition keys that a request for ``action`` may bring, global ones left out."""
        if action.name not in self._keys:
            self._keys[action.name] = KeySet.of(action.condition_keys | action.resource_keys)
        return self._keys[action.name]

    def key_type(self, key: str) -> str:
        """Return the type of a condition key, empty if there is no such key; case does not count."""
        lowered = key.lower()
        if lowered not in self._types:
            exact = self.key_types.get(lowered)
            open_ = next((type_ for pattern, type_ in self._open_types if pattern.matches(lowered)), "")
            self._types[lowered] = open_ if exact is None else exact
        return self._types[lowered]

    def nearest_service(self, prefix: str) -> str:
        """Return the service that may have been meant, empty if none is close."""
        return _nearest(prefix.lower(), self.prefixes)

    def nearest_action(self, service: str, name: str) -> str:
        """Return the action of ``service`` that may have been meant, in AWS's spelling."""
        names = {facts.name.partition(":")[2]: facts for facts in self._by_service.get(service, {}).values()}
        lowered = {known.lower(): known for known in names}
        close = _nearest(name.lower(), lowered)
        return f"{service}:{lowered[close]}" if close else ""

    def nearest_key(self, key: str) -> str:
        """Return the condition key that may have been meant, empty if none is close."""
        prefix = key.partition(":")[0].lower()
        pool = [known for known in self.key_types if known.partition(":")[0] == prefix]
        return _nearest(key.lower(), pool)


@cache
def load_reference() -> Reference:
    """Return what the installed service reference says; reading it takes about half a second, once."""
    prefixes = known_services()
    types = {**condition_key_types(), **{key.lower(): type_ for key, type_ in GLOBAL_KEYS.items()}}
    return Reference(load_service_reference(prefixes), prefixes, types)


def _nearest(word: str, known: Mapping[str, str] | frozenset[str] | list[str]) -> str:
    close = get_close_matches(word, known, 1, _CLOSE)
    return close[0] if close else ""

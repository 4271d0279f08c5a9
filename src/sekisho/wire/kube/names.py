"""The grammars of names, label keys and label values, with kube-apiserver's texts for each breach.

Source: k8s.io/apimachinery pkg/api/validate/content; Kubernetes documentation, "Object Names and IDs".
Every function returns problems, none when the text is fine.
"""

import re

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"

_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_CONFIG_KEY_TEXT = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"


def dns_label_problems(name: str) -> list[str]:
    """Check a DNS-1123 label (namespaces): at most 63 characters."""
    problems = _too_long(name, 63, "characters")
    if re.fullmatch(_SUBDOMAIN, name) and not re.fullmatch(_LABEL, name):
        return [*problems, "must not contain dots"]
    return [*problems, *_pattern(name, _LABEL, _LABEL_TEXT, "my-name", "123-abc")]


def dns_subdomain_problems(name: str) -> list[str]:
    """Check a DNS-1123 subdomain (most objects): at most 253 characters."""
    return [*_too_long(name, 253, "characters"), *_subdomain(name)]


def path_segment_problems(name: str) -> list[str]:
    """Check a name that only has to survive as a path segment (roles and bindings)."""
    if name in {".", ".."}:
        return [f"may not be '{name}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in name]


def label_key_problems(key: str) -> list[str]:
    """Check a label key: an optional DNS prefix, a slash, and a name of at most 63 characters."""
    prefix, slash, name = key.rpartition("/")
    if prefix.count("/"):
        text = _described(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc")
        text += " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a valid label key {text}"]
    problems: list[str] = []
    if slash and not prefix:
        problems.append("prefix part must be non-empty")
    elif slash:
        problems += [f"prefix part {problem}" for problem in (*_too_long(prefix, 253), *_subdomain(prefix))]
    if not name:
        problems.append("name part must be non-empty")
    named = [
        *_too_long(name, 63),
        *_pattern(name, _QUALIFIED, _QUALIFIED_TEXT, "MyName", "my.name", "123-abc"),
    ]
    return problems + [f"name part {problem}" for problem in named]


def label_value_problems(value: str) -> list[str]:
    """Check a label value: empty, or at most 63 characters."""
    text = f"a valid label must be an empty string or {_QUALIFIED_TEXT.removeprefix('must ')}"
    return [*_too_long(value, 63), *_pattern(value, f"({_QUALIFIED})?", text, "MyValue", "my_value", "12345")]


def config_key_problems(key: str) -> list[str]:
    """Check a key of a ConfigMap's or Secret's data: at most 253 characters, a file name."""
    problems = _too_long(key, 253, "characters")
    if not re.fullmatch(_CONFIG_KEY, key):
        problems += _pattern(key, _CONFIG_KEY, _CONFIG_KEY_TEXT, "key.name", "KEY_NAME", "key-name")
    elif key == ".":
        problems.append("must not be '.'")
    elif key.startswith(".."):
        problems.append("must not be '..'" if key == ".." else "must not start with '..'")
    return problems


def _subdomain(name: str) -> list[str]:
    return _pattern(name, _SUBDOMAIN, _SUBDOMAIN_TEXT, "example.com")


def _too_long(text: str, limit: int, unit: str = "bytes") -> list[str]:
    """Bytes are counted; which word says so depends on the check, as it does in kube-apiserver."""
    return [f"must be no more than {limit} {unit}"] if len(text.encode(errors="replace")) > limit else []


def _pattern(text: str, pattern: str, described: str, *examples: str) -> list[str]:
    if re.fullmatch(pattern, text, re.ASCII):
        return []
    return [_described(described, pattern, *examples)]


def _described(text: str, pattern: str, *examples: str) -> str:
    listed = "  or ".join(f"'{example}'," for example in examples)
    return f"{text} (e.g. {listed} regex used for validation is '{pattern}')"

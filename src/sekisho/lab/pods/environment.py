"""The environment of a container: the image's, the cluster's, the lab's, and the container's own.

Source: Kubernetes documentation, "Define Environment Variables for a Container", "Define Dependent
Environment Variables"; ``third_party/forked/golang/expansion``.
"""

import re
from collections.abc import Mapping, Sequence

from sekisho.decide.values import JsonObject
from sekisho.lab.pods.fields import FieldError, field_of, resource_of
from sekisho.lab.pods.volumes import Lookup, secret_data, text_data
from sekisho.wire.kube.members import mapping, objects, text

_REFERENCE = re.compile(r"\$(?:\$|\((?P<name>[^)]*)\))")
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*", re.ASCII)


class VariableError(Exception):
    """A container's environment cannot be made; the sentence is the kubelet's."""


def environment(
    container: JsonObject, pod: JsonObject, look: Lookup, base: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of a container over those of ``base``.

    Raises:
        VariableError: a ConfigMap, a Secret or a key in one is missing.
    """
    found: dict[str, str] = dict(base)
    for source in objects(container, "envFrom"):
        found |= _whole(source, look)
    own: dict[str, str] = {}
    for variable in objects(container, "env"):
        name = text(variable, "name")
        if isinstance(variable.get("valueFrom"), Mapping):
            value = _from(mapping(variable, "valueFrom"), container, pod, look)
            if value is None:
                continue
        else:
            value = expand(text(variable, "value"), {**found, **own})
        own[name] = value
    return {**found, **own}


def expand(value: str, known: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` by its value; one that is not known stays, ``$$`` is a dollar sign."""

    def replaced(match: "re.Match[str]") -> str:
        name = match["name"]
        return "$" if name is None else known.get(name, match[0])

    return _REFERENCE.sub(replaced, value)


def expanded(words: Sequence[object], known: Mapping[str, str]) -> list[str]:
    """Replace references in every word of a command."""
    return [expand(str(word), known) for word in words]


def _whole(source: JsonObject, look: Lookup) -> dict[str, str]:
    prefix = text(source, "prefix")
    for member, plural, kind, read in (
        ("configMapRef", "configmaps", "configmap", text_data),
        ("secretRef", "secrets", "secret", secret_data),
    ):
        if isinstance(source.get(member), Mapping):
            reference = mapping(source, member)
            name = text(reference, "name")
            found = look(plural, name)
            if found is None:
                if reference.get("optional") is True:
                    return {}
                raise VariableError(f'{kind} "{name}" not found')
            return {
                prefix + key: value.decode(errors="replace")
                for key, value in read(found).items()
                if _NAME.fullmatch(prefix + key)
            }
    return {}


def _from(source: JsonObject, container: JsonObject, pod: JsonObject, look: Lookup) -> str | None:
    if isinstance(source.get("fieldRef"), Mapping):
        try:
            return field_of(pod, text(source, "fieldRef", "fieldPath"))
        except FieldError as error:
            raise VariableError(str(error)) from None
    if isinstance(source.get("resourceFieldRef"), Mapping):
        where, _, name = text(source, "resourceFieldRef", "resource").partition(".")
        return str(resource_of(mapping(container, "resources", where).get(name)))
    for member, plural, kind, read in (
        ("configMapKeyRef", "configmaps", "ConfigMap", text_data),
        ("secretKeyRef", "secrets", "Secret", secret_data),
    ):
        if isinstance(source.get(member), Mapping):
            reference = mapping(source, member)
            name, key = text(reference, "name"), text(reference, "key")
            is_optional = reference.get("optional") is True
            found = look(plural, name)
            if found is None:
                if is_optional:
                    return None
                raise VariableError(f'{kind.lower()} "{name}" not found')
            data = read(found)
            if key not in data:
                if is_optional:
                    return None
                namespace = text(pod, "metadata", "namespace")
                raise VariableError(f"couldn't find key {key} in {kind} {namespace}/{name}")
            return data[key].decode(errors="replace")
    raise VariableError("the lab does not know this source of a variable")

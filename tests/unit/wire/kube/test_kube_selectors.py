"""Label and field selectors: what they select, and 400 for what is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.wire.kube.selectors import parse_fields, parse_labels
from sekisho.wire.kube.status import KubeError

LABELLED: Any = {"metadata": {"name": "p", "namespace": "n", "labels": {"app": "web", "tier": "", "n": "7"}}}
LABELS = {
    "": True,
    "app=web": True,
    "app==web": True,
    "app = web , n=7": True,
    "app=api": False,
    "app!=api": True,
    "other!=api": True,
    "app!=web": False,
    "tier=": True,
    "app=": False,
    "app": True,
    "other": False,
    "!app": False,
    "!other": True,
    "app in (web,api)": True,
    "app in (api)": False,
    "other in (api)": False,
    "app notin (api)": True,
    "app notin (web)": False,
    "other notin (web)": True,
    "tier in ()": True,
    "n>6": True,
    "n>7": False,
    "n<8": True,
    "app>1": False,
    "app=web,n=8": False,
    "example.com/app!=x": True,
}


@pytest.mark.parametrize(("selector", "selected"), LABELS.items())
def test_labels(selector: str, selected: bool) -> None:
    assert parse_labels(selector).matches(LABELLED) is selected


@pytest.mark.parametrize(
    "selector",
    [
        "app=web,",
        ",app",
        "app=web n=7",
        "=web",
        "app in web",
        "app in (web",
        "app > x",
        "!",
        "-app",
        "a/b/c",
        "app=-x",
        "app=(x)",
        "x" * 17_000,
    ],
)
def test_what_is_no_label_selector_is_400(selector: str) -> None:
    with pytest.raises(KubeError) as raised:
        parse_labels(selector)
    assert (raised.value.code, raised.value.reason) == (400, "BadRequest")


FIELDS = {
    "": True,
    "metadata.name=p": True,
    "metadata.name==p": True,
    "metadata.name!=p": False,
    "metadata.name=p,metadata.namespace=n": True,
    "metadata.name=p,metadata.namespace=m": False,
    "spec.nodeName=": True,
    "spec.nodeName!=x": True,
    r"metadata.name=p\,q": False,
}


@pytest.mark.parametrize(("selector", "selected"), FIELDS.items())
def test_fields(selector: str, selected: bool) -> None:
    assert parse_fields(selector, "", "Pod").matches(LABELLED) is selected


def test_escapes_in_field_values() -> None:
    value: Any = {"metadata": {"name": "a,b=c\\"}}
    assert parse_fields(r"metadata.name=a\,b\=c\\").matches(value)


def test_fields_of_events_and_secrets() -> None:
    event: Any = {"involvedObject": {"name": "p", "kind": "Pod"}, "type": "Normal"}
    assert parse_fields("involvedObject.name=p,involvedObject.kind=Pod", "", "Event").matches(event)
    assert not parse_fields("type!=Normal", "", "Event").matches(event)
    assert parse_fields("type=Opaque", "", "Secret").matches({"type": "Opaque"})


@pytest.mark.parametrize(("selector", "kind"), [("type=x", "ConfigMap"), ("spec.x=1", "Pod"), ("x", "Pod")])
def test_other_fields_are_400(selector: str, kind: str) -> None:
    with pytest.raises(KubeError) as raised:
        parse_fields(selector, "", kind)
    assert raised.value.code == 400


def test_the_name_that_is_demanded() -> None:
    assert parse_fields("metadata.namespace=n,metadata.name=p").exact("metadata.name") == "p"
    assert parse_fields("metadata.name!=p").exact("metadata.name") == ""


@given(st.text(alphabet="ab=!(),<> in\\/.-", max_size=30))
def test_no_text_crashes_the_parsers(text: str) -> None:
    for parse in (parse_labels, parse_fields):
        try:
            assert parse(text).matches(LABELLED) in {True, False}
        except KubeError as error:
            assert error.code == 400  # noqa: PT017 - either outcome is right, nothing else is

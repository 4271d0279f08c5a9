"""The query of a pod's streams; `tests/e2e/test_real_pod_streams.py` compares texts with kube-apiserver."""

from datetime import timedelta

import pytest

from sekisho.decide.values import Instant, JsonObject
from sekisho.wire.kube import pod_options
from sekisho.wire.kube.pod_options import LogQuery, StreamQuery
from sekisho.wire.kube.status import KubeError
from sekisho.wire.kube.streams.remote_command import Wanted

STREAMS = {
    "nothing": ("", StreamQuery("", Wanted(False, False, False, False), ())),
    "everything": (
        "container=c&stdin=true&stdout=1&stderr=yes&command=sh&command=-c&command=a+b",
        StreamQuery("c", Wanted(True, True, True, False), ("sh", "-c", "a b")),
    ),
    "a flag without a value is true": (
        "stdin&stdout=",
        StreamQuery("", Wanted(True, True, False, False), ()),
    ),
    "false and 0 are false": (
        "stdin=false&stdout=0&stderr=FALSE",
        StreamQuery("", Wanted(False, False, False, False), ()),
    ),
    "a terminal has one stream of output": (
        "stdout=1&stderr=1&tty=1",
        StreamQuery("", Wanted(False, True, False, True), ()),
    ),
}


@pytest.mark.parametrize(("query", "asked"), STREAMS.values(), ids=STREAMS.keys())
def test_streams_of_a_query(query: str, asked: StreamQuery) -> None:
    assert pod_options.read_stream(pod_options.read_values(query)) == asked


def test_a_command_has_a_bounded_number_of_words() -> None:
    words = "&".join(["command=x"] * pod_options.MAX_COMMAND_WORDS)
    assert len(pod_options.read_stream(pod_options.read_values(words)).command) == 1_000
    with pytest.raises(KubeError, match="more than 1000 words"):
        pod_options.read_stream(pod_options.read_values(f"{words}&command=x"))


@pytest.mark.parametrize(
    ("query", "is_exec", "told"),
    [
        ("command=x", True, "at least 1 of stdin, stdout, stderr"),
        ("stdout=1", True, "at least one command"),
        ("stdout=1&command=", True, "at least one command"),
        ("", False, "at least 1 of stdin, stdout, stderr"),
    ],
)
def test_a_request_for_nothing_is_refused(query: str, is_exec: bool, told: str) -> None:
    asked = pod_options.read_stream(pod_options.read_values(query))
    with pytest.raises(KubeError, match=told):
        pod_options.check_stream(asked, is_exec=is_exec)


def test_attach_needs_no_command() -> None:
    asked = pod_options.read_stream(pod_options.read_values("stdin=1"))
    pod_options.check_stream(asked, is_exec=False)
    assert asked.command == ()


def test_a_log_query() -> None:
    query = "container=c&follow=true&previous=1&timestamps&tailLines=0&limitBytes=1&sinceSeconds=90"
    found = pod_options.read_log(pod_options.read_values(query), "web")
    assert found == LogQuery("c", True, True, True, 0, 1, timedelta(seconds=90), None)
    found = pod_options.read_log(pod_options.read_values("sinceTime=2026-01-31T09:00:00Z"), "web")
    assert found.since_time == Instant.parse_rfc3339("2026-01-31T09:00:00Z")
    longest = pod_options.read_log(pod_options.read_values("sinceSeconds=9223372036854775807"), "web")
    assert longest.since is not None


PORTS = {
    "one": ("ports=80", (80,)),
    "several": ("ports=1&ports=65535,8080", (1, 65_535, 8_080)),
    "none": ("", None),
    "zero": ("ports=0", None),
    "too large": ("ports=65536", None),
    "a name": ("ports=http", None),
    "too many": ("&".join(["ports=1"] * 65), None),
}


@pytest.mark.parametrize(("query", "ports"), PORTS.values(), ids=PORTS.keys())
def test_ports_of_a_query(query: str, ports: tuple[int, ...] | None) -> None:
    values = pod_options.read_values(query)
    if ports is not None:
        assert pod_options.read_ports(values) == ports
        return
    with pytest.raises(KubeError) as refused:
        pod_options.read_ports(values)
    assert refused.value.code == 400


def pod(*containers: str, first: str = "") -> JsonObject:
    own = [{"name": name} for name in containers]
    return {
        "metadata": {"name": "web"},
        "spec": {"containers": own, "initContainers": [{"name": first}] if first else []},
    }


def test_the_container_is_the_named_or_the_only_one() -> None:
    assert pod_options.chosen_container(pod("main"), "") == "main"
    assert pod_options.chosen_container(pod("main", first="init"), "") == "main"
    assert pod_options.chosen_container(pod("main", first="init"), "init") == "init"
    for body, name, told in (
        (pod("a", "b"), "", r"choose one of: \[a b\]"),
        (pod("a"), "b", "container b is not valid for pod web"),
        (pod(), "", "a container name must be specified for pod web$"),
    ):
        with pytest.raises(KubeError, match=told):
            pod_options.chosen_container(body, name)

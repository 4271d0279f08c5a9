"""Laws of the pod webhook: nothing is lost, twice is once, and a naive rewriting of it agrees."""

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.workload.annotation_values import read_boolean, read_names, read_seconds
from sekisho.decide.workload.mutation import mutate
from sekisho.decide.workload.pod_view import read_pod
from sekisho.decide.workload.settings import Settings
from sekisho.wire.kube.admission_review import allowed, read_review
from support.naive_pod_webhook import drawn, naive
from support.pod_webhook import account, patched

PODS = 10_000
SEEDS = st.integers(0, 2**64).map(random.Random)
LABEL = "eks.amazonaws.com/pod-identity"


def test_a_naive_webhook_agrees_on_ten_thousand_pods() -> None:
    source = random.Random(20261124)  # noqa: S311 - the same pods each time
    changed = 0
    for _ in range(PODS):
        pod, facts, settings = drawn(source)
        before = json.dumps(pod)
        decision = mutate(read_pod(pod, Ref("pod")), facts, settings, 80_000)
        after = applied(pod, decision.value or ())
        assert after == naive(pod, facts, settings, 80_000)
        assert json.dumps(pod) == before
        changed += after != pod
    assert PODS / 2 < changed < PODS


def applied(pod: Any, patch: Any) -> Any:
    """Apply additions by hand: the library that `patched` asks copies the pod for each test of it."""
    after = copy.deepcopy(pod)
    for one in patch:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in one.path[1:].split("/")]
        place = after
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            place.insert(len(place) if last == "-" else int(last), copy.deepcopy(one.value))
        else:
            place[last] = copy.deepcopy(one.value)
    return after


@given(SEEDS)
def test_every_field_that_was_there_is_there(source: random.Random) -> None:
    pod, facts, settings = drawn(source)
    after = patched(pod, mutate(read_pod(pod, Ref("pod")), facts, settings).value or ())
    assert_kept(pod, after)


def assert_kept(before: Any, after: Any) -> None:
    """Lists may have grown at either end; nothing else may have changed."""
    if isinstance(before, dict):
        for name, value in before.items():
            assert_kept(value, after[name])
    elif isinstance(before, list):
        start = len(after) - len(before) if before and before[0] == after[len(after) - len(before)] else 0
        for place, value in enumerate(before):
            assert_kept(value, after[start + place])
    else:
        assert before == after


@given(SEEDS)
def test_applied_twice_is_applied_once(source: random.Random) -> None:
    pod, facts, settings = drawn(source)
    first = mutate(read_pod(pod, Ref("pod")), facts, settings)
    after = patched(pod, first.value or ())
    second = mutate(read_pod(after, Ref("pod")), facts, settings)
    assert second.outcome is first.outcome
    assert not second.value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "containers", "env", "name", "volumes", "labels", "annotations", LABEL]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_document_crashes_it_and_what_is_a_pod_can_be_patched(document: Any) -> None:
    try:
        view = read_pod(document, Ref("pod"))
    except SekishoInputError:
        return  # it is told as malformed, and nothing else is raised
    value = mutate(view, account(role_arn="arn:aws:iam::111122223333:role/app"), Settings()).value
    assert value is not None
    assert (
        mutate(read_pod(patched(document, value), Ref("pod")), account(role_arn="r"), Settings()).value == ()
    )


@given(st.text(max_size=30))
@pytest.mark.parametrize("read", [read_boolean, read_seconds, read_names])
def test_no_annotation_crashes_its_reader(read: Any, text: str) -> None:
    found = read(text)
    assert found is None or isinstance(found, bool | int | tuple)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_crash_the_reader_of_reviews(body: bytes) -> None:
    with pytest.raises(SekishoInputError):
        read_review(body)


@given(st.sampled_from(["uid", "resource", "namespace", "operation", "subResource", "name", "dryRun"]), JSON)
def test_no_member_crashes_the_reader_of_reviews(member: str, value: Any) -> None:
    request = {"uid": "u", "resource": {"resource": "pods"}, "operation": "CREATE", "object": None}
    document = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    body = json.dumps({**document, "request": {**request, member: value}}).encode()
    try:
        found = read_review(body)
    except SekishoInputError as error:
        assert str(error).startswith("request at /request/")  # noqa: PT017 - both are right answers
        return
    assert json.loads(allowed(found, (), (), {}))["response"]["uid"] == found.uid

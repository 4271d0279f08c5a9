"""Laws of EKS Pod Identity's session tags, over whatever names clusters, namespaces, accounts and pods have.

Source: EKS User Guide, "Grant Pods access to AWS resources based on tags".
"""

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.sts.pod_identity import Association, PodSubject, obtain, session_name, session_tags
from support.sts_build import HOME, ISSUER, NOW, ROLE, trusting, world

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?", fullmatch=True)
CLUSTERS = st.from_regex(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", fullmatch=True)
SUBJECTS = st.builds(
    lambda cluster, namespace, account, pod, uid: PodSubject(
        f"arn:aws:eks:eu-north-1:{HOME}:cluster/{cluster}", ISSUER, namespace, account, pod, str(uid)
    ),
    CLUSTERS,
    NAMES,
    NAMES,
    NAMES,
    st.uuids(),
)
TRUST = trusting({"Service": "pods.eks.amazonaws.com"}, "sts:AssumeRole", "sts:TagSession")
FACTS = world(TRUST)


@given(subject=SUBJECTS, unique=st.uuids(), plain=st.booleans())
def test_a_session_has_the_six_tags_of_its_pod_or_none(
    subject: PodSubject, unique: object, *, plain: bool
) -> None:
    one = Association("a-1", subject.namespace, subject.service_account, ROLE, plain)
    session = obtain(subject, one, str(unique), FACTS, NOW).last.value
    assert session is not None
    assert session.tags == (() if plain else session_tags(subject))
    assert session.transitive_tags == session.tags
    assert len(session.tags) in (0, 6)
    assert str(session.principal.arn).endswith(f"/{session_name(subject, str(unique))}")
    assert len(session_name(subject, str(unique))) <= 64


@given(one=SUBJECTS, other=SUBJECTS)
def test_the_tags_tell_pods_apart(one: PodSubject, other: PodSubject) -> None:
    assert (session_tags(one) == session_tags(other)) is (one == other)


@given(subject=SUBJECTS, other=SUBJECTS)
def test_a_trust_policy_by_tags_lets_in_that_pod_alone(subject: PodSubject, other: PodSubject) -> None:
    condition = {f"aws:RequestTag/{key}": value for key, value in session_tags(subject)}
    trust = trusting({"Service": "pods.eks.amazonaws.com"}, StringEquals=condition)
    for asking in (subject, other):
        one = Association("a-1", asking.namespace, asking.service_account, ROLE)
        found = obtain(asking, one, "0-1", world(trust), NOW).last
        assert found.allowed is (asking == subject)

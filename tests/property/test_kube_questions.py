"""`can`, `who-can` and `can --list` of a cluster agree, about everybody and every request."""

from copy import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.chain import user_of
from sekisho.decide.decision import Outcome
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Binding, ObjectKey, RbacObject, Role, RoleRef, Rule, Subject
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Arn, Ref
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.review.kube_list import namespace_rules
from sekisho.review.kube_who_can import names, who_can_in
from sekisho.review.questions import ask_cluster, kube_user, need_cluster
from sekisho.review.source import Source, from_files
from support.naive_rbac_worlds import OBJECTS, RESOURCE_REQUESTS

ACCOUNT = "222233334444"
WORLD = f"""\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-central-1
accounts:
  - id: "{ACCOUNT}"
    users: [{{name: jane}}, {{name: joe}}, {{name: own}}]
    roles:
      - name: ops
        trust:
          Version: "2012-10-17"
          Statement: [{{Effect: Allow, Principal: {{AWS: "{ACCOUNT}"}}, Action: "sts:AssumeRole"}}]
clusters:
  - name: shop
    account: "{ACCOUNT}"
    creator: user/own
    awsAuth:
      mapRoles:
        - {{rolearn: "arn:aws:iam::{ACCOUNT}:role/ops", username: "{{{{SessionName}}}}", groups: [devs]}}
      mapUsers:
        - {{userarn: "arn:aws:iam::{ACCOUNT}:user/jane", username: jane}}
        - {{userarn: "arn:aws:iam::{ACCOUNT}:user/joe", username: joe, groups: [devs, jane]}}
"""
SOURCE = from_files([("world.yaml", WORLD)], None, None)
PEOPLE = [
    f"arn:aws:iam::{ACCOUNT}:user/jane",
    f"arn:aws:iam::{ACCOUNT}:user/joe",
    f"arn:aws:iam::{ACCOUNT}:user/own",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/session",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/jane",
]


def with_rbac(index: Index) -> SnapshotCluster:
    """Return the cluster of `WORLD` with other RBAC objects."""
    cluster = copy(need_cluster(SOURCE))
    cluster._rbac = index
    return cluster


@settings(deadline=None)
@given(
    objects=OBJECTS,
    request_=st.sampled_from(RESOURCE_REQUESTS),
    who=st.sampled_from([*PEOPLE, "system:serviceaccount:a:jane", "user:jane", "group:devs"]),
)
def test_can_who_can_and_list_agree(objects: list[RbacObject], request_: RequestAttributes, who: str) -> None:
    cluster = with_rbac(build(objects))
    source = Source(SOURCE.snapshot, cluster, SOURCE.line_of)
    chain = ask_cluster(who, request_, source)
    can = chain.outcome is Outcome.ALLOW
    everybody = who_can_in(request_, SOURCE.snapshot, cluster)
    if who.startswith("arn:"):
        identity = identity_from_arn(who, SOURCE.snapshot)
        named = {access.arn for access in everybody.mapped}
        # A session is listed by itself only where a binding names the user that it becomes.
        other_session = identity.session_name not in ("", "session")
        by_group = Arn.parse(f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/session") in named
        assert (identity.arn in named or (other_session and by_group)) is can
        user = user_of(identity, cluster).value
    else:
        user = kube_user(who)
        assert user is not None
        assert any(names(access.subject, user) for access in everybody.subjects) is can
    if user is None:
        return
    spaces = {one.namespace: one.rules for one in namespace_rules(user, ("a", "b"), build(objects))}
    rules = (*spaces[""], *(spaces.get(request_.namespace, ()) if request_.namespace else ()))
    listed = any(examine(request_, rule) is Code.MATCHED for rule in rules)
    assert (listed or "system:masters" in user.groups) is can


def test_a_session_is_found_by_the_user_that_it_becomes() -> None:
    at = Ref("o")
    objects: list[RbacObject] = [
        Role(at, ObjectKey("", "r"), (Rule(at, ("get",), ("",), ("pods",)),)),
        Binding(at, ObjectKey("", "b"), RoleRef("ClusterRole", "r"), (Subject(at, "User", "zoe"),)),
    ]
    found = who_can_in(RequestAttributes("get", resource="pods"), SOURCE.snapshot, with_rbac(build(objects)))
    assert [str(one.arn) for one in found.mapped] == [
        f"arn:aws:iam::{ACCOUNT}:user/own",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/zoe",
    ]

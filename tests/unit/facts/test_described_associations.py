"""What `aws eks` prints about Pod Identity associations, as facts: whole, in part, of no cluster."""

import json
from typing import Any

import pytest

from sekisho.decide.chain.pod_identity_to_aws import associated
from sekisho.decide.decision import Outcome
from sekisho.decide.sts.pod_identity import PodSubject
from sekisho.decide.values import SekishoInputError
from sekisho.facts.loaded import Loaded
from sekisho.facts.pod_identity import associations_at, associations_of, pod_identity_of
from unit.facts.test_files import ARN, described, read
from unit.facts.worlds import changed

ROLE = "arn:aws:iam::111122223333:role/app"


def association(**changed_: Any) -> dict[str, Any]:
    usual = {
        "clusterName": "eks-clu",
        "namespace": "billing",
        "serviceAccount": "ledger",
        "associationId": "a-1",
        "roleArn": ROLE,
        "createdAt": 1700000000,
        "disableSessionTags": False,
        "tags": {"team": "blue"},
    }
    return {name: value for name, value in {**usual, **changed_}.items() if value is not None}


def one(**changed_: Any) -> str:
    return json.dumps({"association": association(**changed_)})


def listing(*members: dict[str, Any], **more: Any) -> str:
    return json.dumps({"associations": list(members), **more})


def outcome(loaded: Loaded, account: str = "ledger") -> Outcome:
    assert loaded.cluster is not None
    cluster = pod_identity_of(loaded.snapshot, loaded.cluster.cluster)
    return associated(PodSubject(ARN, "", "billing", account), cluster).outcome


CASES = {
    "listed and described": ((listing(association()), one()), Outcome.ALLOW, Outcome.DENY),
    "described alone": ((one(),), Outcome.ALLOW, Outcome.UNKNOWN),
    "listed alone": ((listing(association()),), Outcome.UNKNOWN, Outcome.UNKNOWN),
    "one page of more": (
        (listing(association(), nextToken="more"), one()),
        Outcome.ALLOW,
        Outcome.UNKNOWN,
    ),
    "two pages": (
        (listing(association(), nextToken="more"), listing(), one()),
        Outcome.ALLOW,
        Outcome.DENY,
    ),
    "a list of none": ((listing(),), Outcome.DENY, Outcome.DENY),
    "nothing": ((), Outcome.UNKNOWN, Outcome.UNKNOWN),
}


@pytest.mark.parametrize(("texts", "ledger", "idle"), CASES.values(), ids=CASES)
def test_what_is_known(texts: tuple[str, ...], ledger: Outcome, idle: Outcome) -> None:
    loaded = read(described(), *texts, cluster="eks-clu")
    assert (outcome(loaded), outcome(loaded, "idle")) == (ledger, idle)


def test_all_members_are_read() -> None:
    text = one(targetRoleArn=ROLE, externalId="x", policy="{}", disableSessionTags=True)
    loaded = read(described(), text)
    (found,) = associations_of(loaded.snapshot, ARN)
    assert (found.role, found.target_role, found.external_id, found.policy) == (ROLE, ROLE, "x", "{}")
    assert (found.disable_session_tags, found.tags) == (True, (("team", "blue"),))
    assert loaded.places[associations_at(ARN).child("a-1")].pointer == "/association"
    (plain,) = associations_of(read(described(), one(tags=None)).snapshot, ARN)
    assert plain.tags == ()


def test_without_a_cluster_they_make_one() -> None:
    loaded = read(one())
    assert loaded.cluster is not None
    assert loaded.cluster.name == "eks-clu"


def test_another_clusters_are_refused() -> None:
    with pytest.raises(SekishoInputError, match="Pod Identity associations of a cluster `two`"):
        read(described(), one(clusterName="two"))


def test_what_is_malformed_is_told_with_its_place() -> None:
    with pytest.raises(SekishoInputError, match="expected text"):
        read(described(), one(roleArn=7))
    with pytest.raises(SekishoInputError, match="expected a world file"):
        read(described(), json.dumps({"association": {"x": 1}}))
    with pytest.raises(SekishoInputError, match="expected a world file"):
        read(described(), "[]")


def test_a_world_file_says_all_there_is() -> None:
    line = "    podIdentityAssociations: [{namespace: billing, serviceAccount: ledger, roleArn: role/app}]\n"
    creator = "    creator: user/eks-admin\n"
    loaded = read(changed(creator, creator + line), cluster="eks-clu")
    assert (outcome(loaded), outcome(loaded, "idle")) == (Outcome.ALLOW, Outcome.DENY)

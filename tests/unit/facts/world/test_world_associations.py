"""Pod Identity associations in world files: read with every fault, and saved as they were."""

import pytest

from sekisho.decide.values import Instant, SekishoInputError
from sekisho.facts import ClusterAddon, Key, Kind, PodIdentityAssociation, Put
from sekisho.facts.pod_identity import association_key, associations_of
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.world.events import events
from sekisho.facts.world.file import parse_world
from unit.facts.world.test_world_file import Counting
from unit.facts.world.test_world_saved import ACCOUNT, ARN, CREATED, document_of, facts_with, saved
from unit.facts.worlds import changed

APP = f"arn:aws:iam::{ACCOUNT}:role/app"
FAR = "arn:aws:iam::444455556666:role/far"
POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}'


def world(*lines: str) -> str:
    """Return the small world with associations; each is the members of one, in a flow mapping."""
    listed = "".join(f"      - {{{line}}}\n" for line in lines)
    return changed(
        "    creator: user/eks-admin\n",
        f"    creator: user/eks-admin\n    podIdentityAssociations:\n{listed}",
    )


def read(*lines: str) -> tuple[PodIdentityAssociation, ...]:
    found = events(parse_world(world(*lines), "w"), Counting(), CREATED)
    return associations_of(Snapshot(found), ARN)


def test_an_association_in_few_words() -> None:
    (found,) = read("namespace: billing, serviceAccount: ledger, roleArn: role/app")
    assert (found.account_name, found.role) == ("billing/ledger", APP)
    assert (found.created, found.modified) == (CREATED, CREATED)
    assert found.association.startswith("a-")
    assert (found.target_role, found.external_id, found.policy) == ("", "", "")


def test_an_association_in_all_words() -> None:
    (found,) = read(
        f"namespace: billing, serviceAccount: ledger, roleArn: '{APP}', associationId: a-1234, "
        "created: '2026-01-01T00:00:00Z', updated: '2026-01-02T00:00:00Z', disableSessionTags: true, "
        f"targetRoleArn: '{FAR}', policy: '{POLICY}', tags: {{team: blue}}"
    )
    assert found == PodIdentityAssociation(
        ARN,
        "a-1234",
        "billing",
        "ledger",
        APP,
        Instant.parse_rfc3339("2026-01-01T00:00:00Z"),
        Instant.parse_rfc3339("2026-01-02T00:00:00Z"),
        True,
        FAR,
        f"ap-northeast-1/{ACCOUNT}/eks-clu/billing/ledger",
        POLICY,
        (("team", "blue"),),
    )


def test_a_role_that_is_gone_may_be_named_by_its_arn() -> None:
    (found,) = read(f"namespace: a, serviceAccount: b, roleArn: 'arn:aws:iam::{ACCOUNT}:role/gone'")
    assert found.role.endswith("role/gone")


FAULTS = {
    "no role of the file": (
        "namespace: a, serviceAccount: b, roleArn: role/apt",
        "there is no role `role/apt`",
    ),
    "a role of another account": (
        f"namespace: a, serviceAccount: b, roleArn: '{FAR}'",
        "Cross-account pass role is not allowed",
    ),
    "a name that no cluster takes": (
        "namespace: A, serviceAccount: b, roleArn: role/app",
        "The namespace A is invalid",
    ),
    "the same role twice": (
        f"namespace: a, serviceAccount: b, roleArn: role/app, targetRoleArn: '{APP}'",
        "The target role must not be",
    ),
    "a policy beside tags": (
        f"namespace: a, serviceAccount: b, roleArn: role/app, policy: '{POLICY}'",
        "disableSessionTags must be set to true",
    ),
    "no role at all": ("namespace: a, serviceAccount: b", "`roleArn` is missing"),
    "no account": ("namespace: a, roleArn: role/app", "`serviceAccount` is missing"),
}


@pytest.mark.parametrize(("line", "problem"), FAULTS.values(), ids=FAULTS)
def test_faults(line: str, problem: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read(line)
    assert problem in str(caught.value)


def test_nothing_stands_twice() -> None:
    one = "namespace: a, serviceAccount: b, roleArn: role/app"
    with pytest.raises(SekishoInputError, match="`a/b` has an association already"):
        read(one, one)
    with pytest.raises(SekishoInputError, match="another association is `a-1234`"):
        read(f"{one}, associationId: a-1234", f"{one.replace(': b', ': c')}, associationId: a-1234")


def test_associations_are_saved_as_they_were() -> None:
    later = Instant.from_epoch(CREATED.epoch + 60)
    external = f"ap-northeast-1/{ACCOUNT}/eks-clu/billing/ledger"
    full = PodIdentityAssociation(
        ARN, "a-1234", "billing", "ledger", APP, CREATED, later, True, FAR, external, POLICY, (("k", "v"),)
    )
    plain = PodIdentityAssociation(ARN, "a-5678", "billing", "idle", APP, CREATED, CREATED)
    puts = [Put(association_key(one), one) for one in (full, plain)]
    (found,) = document_of(*puts)["clusters"]
    assert found["podIdentityAssociations"][0] == {
        "namespace": "billing",
        "serviceAccount": "idle",
        "roleArn": APP,
        "associationId": "a-5678",
        "created": CREATED.rfc3339(),
    }
    again = events(parse_world(saved(facts_with(*puts)).text, "w"), Counting(), CREATED)
    assert set(associations_of(Snapshot(again), ARN)) == {full, plain}


def test_add_ons_are_left_out_with_a_word() -> None:
    addon = ClusterAddon(ARN, "eks-pod-identity-agent", "v1", "u", CREATED, CREATED)
    found = saved(facts_with(Put(Key(Kind.ADDON, ARN, addon.name), addon)))
    assert "add-ons of eks-clu are left out: 1" in found.notices

"""What an id names, as policies about Organizations write it."""

from sekisho.lab.aws.organizations.arns import organization_arn
from unit.lab.aws.organizations.build import ALONE, MANAGER, MEMBER, RCP, organization

HOME = f"arn:aws:organizations::{MANAGER}"


def test_an_id_says_what_it_names() -> None:
    lab = organization()
    id_ = lab.ask("DescribeOrganization")["Organization"]["Id"]
    root, unit, policy = lab.root, lab.unit(), lab.policy()
    expected = {
        root: f"{HOME}:root/{id_}/{root}",
        unit: f"{HOME}:ou/{id_}/{unit}",
        MEMBER: f"{HOME}:account/{id_}/{MEMBER}",
        policy: f"{HOME}:policy/{id_}/service_control_policy/{policy}",
        RCP: f"{HOME}:policy/{id_}/resource_control_policy/p-*",
        "p-FullAWSAccess": "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
    }
    for caller in (MANAGER, MEMBER):
        found = {name: organization_arn(lab.facts, caller, name) for name in expected}
        assert found == expected


def test_nothing_is_named() -> None:
    lab = organization()
    root = lab.root
    assert organization_arn(lab.facts, MANAGER, "p-0000000000") is None
    assert organization_arn(lab.facts, MANAGER, ALONE) is None
    assert organization_arn(lab.facts, ALONE, root) is None

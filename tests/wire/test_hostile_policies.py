"""Hostile policies at the lab's wire: refused with IAM's own codes, or stored and evaluated at once."""

import json
from collections.abc import Iterator

import pytest

from sekisho.testing import RunningLab, running_lab
from support.boto_lab import HOME, Caller, new_role, new_user, profile, trust
from support.hostile_policies import BUCKET, REFUSED, document

QUOTA = 10_240
"""Characters of all inline policies of a role (IAM User Guide, "IAM and STS character limits")."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("hostile-policies") / "state") as running:
        yield running


@pytest.fixture(scope="module")
def admin(lab: RunningLab) -> Caller:
    caller = profile(lab, "default")
    new_role(caller, "hostile", trust(HOME))
    return caller


SMALL = document({})
REFUSALS = {
    "longer than the body of any request": (SMALL.ljust(5 * 1024 * 1024), "RequestEntityTooLarge", 413),
    "1 MiB": (SMALL.ljust(1024 * 1024), "ValidationError", 400),
    "one character over the API's limit": (SMALL.ljust(131_073), "ValidationError", 400),
    "10,000 statements": (
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}] * 10_000}),
        "ValidationError",
        400,
    ),
    "over the quota of a role": (
        document(*({"Resource": f"{BUCKET}b{number}/*"} for number in range(200))),
        "LimitExceeded",
        409,
    ),
    "deep": ('{"Statement":' * 5_000 + "1" + "}" * 5_000, "MalformedPolicyDocument", 400),
    "no end": (REFUSED["no end"], "MalformedPolicyDocument", 400),
    "a name twice": (REFUSED["a name twice"], "MalformedPolicyDocument", 400),
}


@pytest.mark.parametrize(("text", "code", "status"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_hostile_policy_is_refused(admin: Caller, text: str, code: str, status: int) -> None:
    found = admin.refused("iam", "put_role_policy", RoleName="hostile", PolicyName="p", PolicyDocument=text)
    assert (found.code, found.status) == (code, status)
    assert len(found.message) < 1_300
    assert admin.ask("iam", "list_role_policies", RoleName="hostile")["PolicyNames"] == []


def test_white_space_does_not_count_for_the_quota(admin: Caller) -> None:
    role = {"RoleName": "hostile", "PolicyName": "wide"}
    text = SMALL.ljust(131_072)
    assert len(text) > QUOTA
    admin.ask("iam", "put_role_policy", **role, PolicyDocument=text)
    admin.ask("iam", "delete_role_policy", **role)


CATASTROPHES: dict[str, dict[str, object]] = {
    "a star after every letter": {"Resource": BUCKET + "build/" + "a*" * 450 + "b"},
    "stars and questions": {"Resource": BUCKET + "build/" + "*?" * 450 + "b"},
    "starred lists": {"Resource": [BUCKET + "build/" + "a*" * 40 + f"b{at}" for at in range(15)]},
    "starred condition": {"Condition": {"StringLike": {"aws:userid": "*A" * 400 + "b"}}},
}


@pytest.mark.parametrize("name", CATASTROPHES)
def test_a_catastrophic_pattern_is_stored_and_refuses(admin: Caller, name: str) -> None:
    text = document(CATASTROPHES[name])
    caller = new_user(admin, name.replace(" ", "-"), text)
    refused = caller.refused("s3", "get_object", Bucket="build", Key="a" * 1_000)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    chain = admin.lab.client.get("/journal/last-refusal")["chain"]
    assert chain["links"][-1]["decisive"][0]["code"] == "iam.no-statement-allows"


def test_ten_thousand_values_of_a_key_are_refused_before_they_are_compared(admin: Caller) -> None:
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(2_000)]
    found = admin.refused("iam", "tag_role", RoleName="hostile", Tags=tags)
    assert (found.code, found.status) == ("ValidationError", 400)
    more = [{"Key": f"k{number}", "Value": "v"} for number in range(10_000)]
    found = admin.refused("iam", "tag_role", RoleName="hostile", Tags=more)
    assert 400 <= found.status < 500

"""AWS profiles: which roles one leads through (AWS CLI User Guide, "Using an IAM role in the AWS CLI")."""

import pytest

from sekisho.decide.values import Ref
from sekisho.decide.workload.aws_profiles import ProfileWay, RoleHop, last_profiles, read_profiles, way_of

CI, TARGET = "arn:aws:iam::111122223333:role/ci", "arn:aws:iam::444455556666:role/target"
ARTICLE = f"""\
# how the article writes it
[profile ci-env]
role_arn = {CI}
web_identity_token_file = /token.
s3 =
  max_concurrent_requests = 20

[profile target-env]
ROLE_ARN={TARGET}
source_profile = ci-env
role_session_name = xactarget
; a comment
not a setting
[sso-session work]
sso_region = eu-north-1
"""
AT = Ref("configmap/ns/aws", "/data/config")


def way(text: str, name: str) -> ProfileWay:
    return way_of(name, read_profiles(text), AT, "aws")


def test_the_article_leads_through_two_roles() -> None:
    profiles = read_profiles(ARTICLE)
    assert sorted(profiles) == ["ci-env", "target-env"]
    assert last_profiles(profiles) == ("target-env",)
    hops = (RoleHop("ci-env", CI), RoleHop("target-env", TARGET, "xactarget"))
    assert way(ARTICLE, "target-env") == ProfileWay("target-env", AT, "aws", hops, "/token.")


CASES = {
    "a profile of its own": ("ci-env", ProfileWay("ci-env", AT, "aws", (RoleHop("ci-env", CI),), "/token.")),
    "a name that is not there": ("x", ProfileWay("x", AT, "aws", missing="x")),
}


@pytest.mark.parametrize(("name", "expected"), CASES.values(), ids=CASES)
def test_one_profile(name: str, expected: ProfileWay) -> None:
    assert way(ARTICLE, name) == expected


def test_a_source_without_a_role_leaves_the_first_role_to_the_container() -> None:
    text = f"[default]\nregion = x\n[profile b]\nrole_arn = {CI}\nsource_profile = default\n"
    assert way(text, "b") == ProfileWay("b", AT, "aws", (RoleHop("b", CI),))


def test_a_loop_and_a_missing_source_are_told() -> None:
    loop = "".join(
        f"[profile {name}]\nrole_arn = {CI}\nsource_profile = {source}\n" for name, source in ("ab", "ba")
    )
    assert way(loop, "a").loop == "a"
    assert way(f"[profile a]\nrole_arn = {CI}\nsource_profile = z\n", "a").missing == "z"

"""Options of ``sekisho token``: what is refused, by code, and what comes out of the rest."""

import pytest

from sekisho.connect.token_request import RoleToAssume, TokenRequest, parse_token_request
from sekisho.decide.values import SekishoInputError

ROLE = "arn:aws:iam::111122223333:role/team/dev"

REFUSED: dict[str, tuple[dict[str, str], str, str]] = {
    "neither name nor id": ({}, "token.no-cluster", "--cluster-name"),
    "an empty name": ({"cluster_name": ""}, "token.no-cluster", "--cluster-name"),
    "name and id": ({"cluster_name": "a", "cluster_id": "b"}, "token.two-clusters", "--cluster-id"),
    "a line break in the name": ({"cluster_name": "a\nb"}, "token.cluster-malformed", "--cluster-name"),
    "a space in the id": ({"cluster_id": "a b"}, "token.cluster-malformed", "--cluster-id"),
    "a name of 256 characters": ({"cluster_name": "a" * 256}, "token.cluster-malformed", "--cluster-name"),
    "a role name instead of an ARN": (
        {"cluster_name": "a", "role_arn": "dev"},
        "token.role-malformed",
        "--role-arn",
    ),
    "a user's ARN": (
        {"cluster_name": "a", "role_arn": "arn:aws:iam::111122223333:user/dev"},
        "token.role-malformed",
        "--role-arn",
    ),
    "a session's ARN": (
        {"cluster_name": "a", "role_arn": "arn:aws:sts::111122223333:assumed-role/dev/x"},
        "token.role-malformed",
        "--role-arn",
    ),
    "session name without a role": (
        {"cluster_name": "a", "session_name": "ana"},
        "token.no-role",
        "--session-name",
    ),
    "external id without a role": (
        {"cluster_name": "a", "external_id": "x1"},
        "token.no-role",
        "--external-id",
    ),
    "session name of one character": (
        {"cluster_name": "a", "role_arn": ROLE, "session_name": "x"},
        "token.session-name-malformed",
        "--session-name",
    ),
    "session name of 65 characters": (
        {"cluster_name": "a", "role_arn": ROLE, "session_name": "x" * 65},
        "token.session-name-malformed",
        "--session-name",
    ),
    "session name with a slash": (
        {"cluster_name": "a", "role_arn": ROLE, "session_name": "a/b"},
        "token.session-name-malformed",
        "--session-name",
    ),
    "external id of one character": (
        {"cluster_name": "a", "role_arn": ROLE, "external_id": "x"},
        "token.external-id-malformed",
        "--external-id",
    ),
}


@pytest.mark.parametrize(("options", "code", "place"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(options: dict[str, str], code: str, place: str) -> None:
    given: dict[str, str | None] = {"cluster_name": None, "cluster_id": None, **options}
    with pytest.raises(SekishoInputError) as caught:
        parse_token_request(
            cluster_name=given["cluster_name"],
            cluster_id=given["cluster_id"],
            role_arn=given.get("role_arn"),
            session_name=given.get("session_name"),
            external_id=given.get("external_id"),
        )
    (fault,) = caught.value.faults
    assert (fault.code, fault.at.document) == (code, place)


def test_an_id_stands_where_a_name_does() -> None:
    assert parse_token_request(cluster_name=None, cluster_id="1234-ab") == TokenRequest("1234-ab")


def test_a_role_has_the_session_name_of_the_aws_command_line_unless_told_otherwise() -> None:
    plain = parse_token_request(cluster_name="c", cluster_id=None, role_arn=ROLE)
    named = parse_token_request(
        cluster_name="c", cluster_id=None, role_arn=ROLE, session_name="ab", external_id="id"
    )
    assert plain.role == RoleToAssume(ROLE, "EKSGetTokenAuth", "")
    assert named.role == RoleToAssume(ROLE, "ab", "id")


def test_names_at_their_limits_are_accepted() -> None:
    request = parse_token_request(
        cluster_name="c" * 255, cluster_id=None, role_arn=ROLE, session_name="x" * 64
    )
    assert request.role is not None
    assert len(request.role.session_name) == 64

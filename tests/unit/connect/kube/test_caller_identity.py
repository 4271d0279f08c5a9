"""Whose credentials edit: what STS may answer."""

import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.cluster_access import caller_identity

SESSION = {
    "Arn": "arn:aws:sts::111122223333:assumed-role/admin/ana",
    "UserId": "AROAEXAMPLE:ana",
    "Account": "111122223333",
}


class Sts:
    """A client whose answer is given."""

    def __init__(self, answer: dict[str, str]) -> None:
        self._answer = answer

    def get_caller_identity(self) -> dict[str, str]:
        return self._answer


def test_a_session_is_its_role() -> None:
    identity = caller_identity(Sts(SESSION))
    assert str(identity.canonical.arn) == "arn:aws:iam::111122223333:role/admin"


NOBODY: dict[str, dict[str, str]] = {
    "an empty answer": {},
    "no ARN": {**SESSION, "Arn": "admin"},
    "another account": {**SESSION, "Account": "444455556666"},
    "no session": {**SESSION, "UserId": "AROAEXAMPLE"},
}


@pytest.mark.parametrize("answer", NOBODY.values(), ids=NOBODY.keys())
def test_an_answer_that_names_nobody(answer: dict[str, str]) -> None:
    with pytest.raises(EnvironmentFailure, match="names nobody"):
        caller_identity(Sts(answer))

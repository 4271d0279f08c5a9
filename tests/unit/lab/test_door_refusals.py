"""What the HTTP server refuses before anybody reads it, in the codes of the lab's doors."""

import pytest

from sekisho.lab.door_code import DoorCode
from sekisho.lab.site import head_code


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("http.head-too-large", DoorCode.HEAD_TOO_LARGE),
        ("http.head-too-slow", DoorCode.HEAD_TOO_SLOW),
        ("http.body-too-slow", DoorCode.BODY_TOO_SLOW),
        ("http.malformed", DoorCode.MALFORMED),
    ],
)
def test_a_request_that_was_refused_early(told: str, code: DoorCode) -> None:
    assert head_code(told) is code

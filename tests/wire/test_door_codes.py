"""What comes to a door and is no request of a client: the code under which the journal keeps it."""

from e2e.hostile_wire import Doors, agent, render
from sekisho.lab.door_code import DoorCode
from sekisho.testing import RunningLab


def test_a_name_of_aws_that_is_not_served_stays_here_and_is_noted(sekisho_shared_lab: RunningLab) -> None:
    doors, client = Doors(sekisho_shared_lab), agent()
    host = "oidc.eks.ap-northeast-1.amazonaws.com"
    answer = doors.send(doors.aws(host), render("GET", "/id/A1", [("host", host), ("user-agent", client)]))
    assert answer.status == 404
    assert doors.noted(client)["code"] == DoorCode.UNSERVED


def test_a_host_that_cannot_be_found_is_noted(sekisho_shared_lab: RunningLab) -> None:
    doors = Doors(sekisho_shared_lab)
    answer = doors.send(doors.proxy, b"CONNECT nowhere.invalid:443 HTTP/1.1\r\n\r\n")
    assert answer.status == 502
    noted = [entry for entry in doors.journal() if "CONNECT nowhere.invalid:443" in entry["asked"]]
    assert [entry["code"] for entry in noted] == [DoorCode.UNREACHED]


def test_bytes_that_are_no_request_are_noted(sekisho_shared_lab: RunningLab) -> None:
    doors = Doors(sekisho_shared_lab)
    assert doors.send(doors.cluster, b"\x00\x01\x02 nonsense\r\n\r\n").status == 400
    assert DoorCode.MALFORMED in {entry["code"] for entry in doors.journal()}

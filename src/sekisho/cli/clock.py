"""``sekisho clock``: show or move the lab's time, to watch expiry, refresh and rotation."""

import re
from typing import Annotated

import typer

from sekisho.cli.errors import report
from sekisho.cli.output import Form, FormOption, write, write_document
from sekisho.cli.state_option import StateDirOption, lab_client

_MOVE = re.compile(r"(?P<sign>[+-])(?P<parts>(?:[0-9]{1,9}[smhd])+)", re.ASCII)
_PART = re.compile(r"([0-9]+)([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@report()
def clock(
    move: Annotated[str, typer.Argument(help="+15m, -1h30m, +2d; `reset`; nothing shows the time.")] = "",
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """Show the lab's time, or move it. Certificates follow the time of day.

    Example: sekisho clock +15m

    Example: sekisho clock -- -15m

    JSON: {time, offsetSeconds}.
    """
    client = lab_client(state)
    if not move:
        status = client.get("/status")
        found = {"time": status["time"], "offsetSeconds": status["clockOffsetSeconds"]}
    elif move == "reset":
        found = client.post("/clock", {"reset": True})
    else:
        found = client.post("/clock", {"seconds": read_move(move)})
    if output is not Form.TEXT:
        write_document(found, output)
    else:
        away = f" ({found['offsetSeconds']:+d} s from the time of day)" if found["offsetSeconds"] else ""
        write(f"{found['time']}{away}")


def read_move(text: str) -> int:
    """Return the seconds that ``+15m``, ``-1h30m`` or ``+2d`` mean.

    Raises:
        SekishoInputError: another form.
    """
    from sekisho.decide.values import Ref, SekishoInputError

    match = _MOVE.fullmatch(text)
    if match is None:
        problem = f"expected a sign, numbers and s, m, h or d, such as +15m; found `{text[:40]}`"
        raise SekishoInputError.single("clock.move", Ref("clock"), problem)
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(match["parts"]))
    return seconds if match["sign"] == "+" else -seconds

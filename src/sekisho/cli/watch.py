"""``sekisho watch``: follow what the lab decides."""

from typing import Any

from sekisho.cli.errors import report
from sekisho.cli.output import Form, FormOption, Style, write
from sekisho.cli.state_option import StateDirOption, lab_client


@report()
def watch(state: StateDirOption = None, output: FormOption = Form.TEXT) -> None:
    """Follow the lab's decisions, one line each, until interrupted.

    Example: sekisho watch
    """
    import json
    import sys

    style = Style.detect()
    for entry in lab_client(state).follow("/journal/follow"):
        write(json.dumps(entry, ensure_ascii=False) if output is not Form.TEXT else entry_line(entry, style))
        sys.stdout.flush()


def entry_line(entry: Any, style: Style) -> str:
    """Return a journal entry as one line."""
    allowed = entry["outcome"] == "allow"
    mark = style.good("yes") if allowed else style.bad(" no")
    who = entry["who"] or "(nobody)"
    asked = "; ".join(entry["asked"][:3]) + (" ..." if len(entry["asked"]) > 3 else "")
    times = f" ({entry['requests']} requests)" if entry["requests"] > 1 else ""
    reason = "" if allowed else f"  {entry['code']}: {entry['sentence']}"
    return f"{entry['last'][11:19]} {mark} {entry['status']} {entry['target']}  {who}  {asked}{times}{reason}"

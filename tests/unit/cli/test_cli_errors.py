"""Bad news at the edge: exit codes and a line on stderr, nothing else."""

import subprocess
import sys

import pytest

from sekisho.cli.errors import report
from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import InputFault, Ref, SekishoInputError

NEWS: dict[str, tuple[BaseException, int, str]] = {
    "input": (
        SekishoInputError.single("x.y", Ref("file", "/a"), "expected `b`", "write b", 3),
        2,
        "sekisho: file:3 at /a: expected `b`; write b\n",
    ),
    "input with two faults": (
        SekishoInputError([InputFault("x.y", Ref("f"), "one"), InputFault("x.z", Ref("f"), "two")]),
        2,
        "sekisho: f: one\nsekisho: f: two\n",
    ),
    "environment": (EnvironmentFailure("sts:AssumeRole", "no"), 4, "sekisho: sts:AssumeRole: no\n"),
    "environment that may recover": (
        EnvironmentFailure("sts:AssumeRole", "busy", can_retry=True),
        4,
        "sekisho: sts:AssumeRole: busy; trying again may help\n",
    ),
    "interrupt": (KeyboardInterrupt(), 130, ""),
}


@pytest.mark.parametrize(("news", "code", "text"), NEWS.values(), ids=NEWS.keys())
def test_exit_code_and_sentence(
    news: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught, report():
        raise news
    assert caught.value.code == code
    assert capsys.readouterr() == ("", text)


def test_good_news_passes_through() -> None:
    @report()
    def answer(number: int) -> int:
        return number

    assert [answer(1), answer(number=2)] == [1, 2]
    assert answer.__name__ == "answer"


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), report():
        raise ZeroDivisionError


def test_a_reader_that_left_is_no_verdict() -> None:
    program = "from sekisho.cli.errors import report\nwith report():\n  input()\n  print('x' * 100000)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"go\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141

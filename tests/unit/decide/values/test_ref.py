"""Places in documents and the faults that name them."""

import pytest

from sekisho.decide.values import InputFault, Ref, SekishoInputError


def test_names_are_escaped_on_the_way_down() -> None:
    ref = Ref("aws-auth").child("mapRoles", 0).child("a/b~c", "~1", "")
    assert ref.pointer == "/mapRoles/0/a~1b~0c/~01/"
    assert ref.tokens() == ("mapRoles", "0", "a/b~c", "~1", "")


def test_the_whole_document() -> None:
    assert (Ref("f.yaml").tokens(), str(Ref("f.yaml"))) == ((), "f.yaml")


def test_a_place_as_text() -> None:
    assert str(Ref("f.yaml", "/a/0")) == "f.yaml#/a/0"


AT = Ref("f.yaml", "/a")
LINES = {
    "everything known": (
        InputFault("c", AT, "wrong", "write right", 3),
        "f.yaml:3 at /a: wrong; write right",
    ),
    "no line and no hint": (InputFault("c", AT, "wrong"), "f.yaml at /a: wrong"),
    "the whole document": (InputFault("c", Ref("f.yaml"), "wrong", line=1), "f.yaml:1: wrong"),
}


@pytest.mark.parametrize(("fault", "line"), LINES.values(), ids=LINES.keys())
def test_a_fault_as_a_line(fault: InputFault, line: str) -> None:
    assert str(fault) == line


def test_an_error_gathers_faults() -> None:
    error = SekishoInputError([InputFault("a", AT, "one"), InputFault("b", AT, "two")])
    assert ([fault.code for fault in error.faults], str(error)) == (
        ["a", "b"],
        "f.yaml at /a: one\nf.yaml at /a: two",
    )


def test_an_error_of_one_fault() -> None:
    error = SekishoInputError.single("a", AT, "one", "hint", 7)
    assert error.faults == (InputFault("a", AT, "one", "hint", 7),)


def test_an_error_without_a_fault_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="needs a fault"):
        SekishoInputError([])

"""The ``images`` of a world file: what is read, what is refused, and that both forms say the same."""

import pytest

from sekisho.decide.values import SekishoInputError
from sekisho.facts import Snapshot
from sekisho.facts.world.file import parse_world
from sekisho.facts.world.images import MAX_IMAGES, Image, image_documents
from sekisho.facts.world.saved.document import save_world

HEAD = "apiVersion: sekisho.dev/v1alpha1\nkind: World\nregion: ap-northeast-1\n"
WHOLE = """images:
  - name: example/tool*
    programs: [tool, helper]
    path: [/opt/tool/bin]
    entrypoint: [tool, --flag]
    command: [show]
    env: {MODE: quick}
    workingDir: /work
  - name: plain
"""


def test_every_member_is_read() -> None:
    assert parse_world(HEAD + WHOLE, "w.yaml").images == (
        Image(
            "example/tool*",
            ("tool", "--flag"),
            ("show",),
            ("/opt/tool/bin",),
            (("MODE", "quick"),),
            "/work",
            ("tool", "helper"),
        ),
        Image("plain"),
    )
    assert parse_world(HEAD, "w.yaml").images == ()


def test_a_saved_table_reads_the_same() -> None:
    images = parse_world(HEAD + WHOLE, "w.yaml").images
    saved = save_world(Snapshot(()), "ap-northeast-1", {}, lambda _: (), image_documents(images))
    assert parse_world(saved.text, "w.yaml").images == images


@pytest.mark.parametrize(
    ("entry", "pointer", "code"),
    [
        ("- {}", "/images/0", "world.missing"),
        ("- name: a b", "/images/0/name", "world.form"),
        ("- {name: a, programs: [bin/a]}", "/images/0/programs/0", "world.form"),
        ("- {name: a, path: [bin]}", "/images/0/path/0", "world.form"),
        ("- {name: a, path: ['/a:/b']}", "/images/0/path/0", "world.form"),
        ("- {name: a, workingDir: work}", "/images/0/workingDir", "world.form"),
        ("- {name: a, entrypoint: a}", "/images/0/entrypoint", "world.not-a-list"),
        ("- {name: a, port: 1}", "/images/0/port", "world.unknown-key"),
        ("- name: a\n  - name: a", "/images/1/name", "world.duplicate-name"),
    ],
)
def test_refusals_name_the_place(entry: str, pointer: str, code: str) -> None:
    with pytest.raises(SekishoInputError) as refused:
        parse_world(f"{HEAD}images:\n  {entry}\n", "w.yaml")
    assert [(fault.at.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)]


@pytest.mark.parametrize(("count", "faults"), [(MAX_IMAGES, 0), (MAX_IMAGES + 1, 1)])
def test_the_table_is_bounded(count: int, faults: int) -> None:
    text = f"{HEAD}images: [{', '.join(f'{{name: a{number}}}' for number in range(count))}]\n"
    if not faults:
        assert len(parse_world(text, "w.yaml").images) == count
        return
    with pytest.raises(SekishoInputError) as refused:
        parse_world(text, "w.yaml")
    assert [fault.code for fault in refused.value.faults] == ["world.too-long"]

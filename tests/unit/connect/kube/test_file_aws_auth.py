"""aws-auth in a file: read strictly, replaced as a whole, not over somebody else's change."""

import os
import stat
from pathlib import Path

import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.file_aws_auth import lines_of_file, load_from_file
from sekisho.connect.kube.map_edit import mappings_of
from sekisho.connect.kube.stored import Outrun
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.values.documents import MAX_DOCUMENT_BYTES

HEAD = "# mine\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n"
TEXT = f"{HEAD}data:\n  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/a\n      username: a\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "aws-auth.yaml"
    path.write_text(TEXT)
    return path


def test_a_write_keeps_comments_and_mode(file: Path) -> None:
    file.chmod(0o640)
    stored = load_from_file(file, make=False)
    stored.write({**stored.data, "mapUsers": "- userarn: b\n"})
    assert file.read_text() == TEXT + "  mapUsers: |\n    - userarn: b\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["aws-auth.yaml"]
    assert (stored.backup, stored.at) == (TEXT, Ref(str(file), "/data"))


def test_a_link_stays_one(file: Path) -> None:
    link = file.parent / "link.yaml"
    link.symlink_to(file)
    load_from_file(link, make=False).write({"mapRoles": "[]\n"})
    assert link.is_symlink()
    assert "[]" in file.read_text()


def test_a_change_that_came_between_is_not_overwritten(file: Path) -> None:
    stored = load_from_file(file, make=False)
    file.write_text(TEXT + "# later\n")
    with pytest.raises(Outrun):
        stored.write({})
    assert file.read_text() == TEXT + "# later\n"


def test_a_missing_file_is_made_only_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    with pytest.raises(SekishoInputError) as caught:
        load_from_file(path, make=False)
    assert caught.value.faults[0].code == "map.no-file"
    stored = load_from_file(path, make=True)
    assert (stored.data, stored.backup) == ({}, "")
    stored.write({"mapUsers": "[]\n"})
    assert load_from_file(path, make=False).data == {"mapUsers": "[]\n"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_file_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    stored = load_from_file(path, make=True)
    path.write_text(TEXT)
    with pytest.raises(Outrun):
        stored.write({})


def test_faults_name_the_line_of_the_file(file: Path) -> None:
    file.write_text(f"{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n    groups: [\n")
    with pytest.raises(SekishoInputError) as caught, lines_of_file(file):
        mappings_of(load_from_file(file, make=False))
    assert [fault.line for fault in caught.value.faults] == [8]


def test_faults_of_the_manifest_count_the_file_already(file: Path) -> None:
    file.write_text(f"{HEAD}data:\n  mapRoles:\n  - a\n")
    with pytest.raises(SekishoInputError) as caught, lines_of_file(file):
        load_from_file(file, make=False)
    assert [(fault.code, fault.line) for fault in caught.value.faults] == [("map.section-not-text", 6)]


def test_what_is_no_file_is_the_environment(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(EnvironmentFailure):
            load_from_file(path, make=True)


def test_bytes_that_are_no_text(file: Path) -> None:
    file.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(SekishoInputError) as caught:
        load_from_file(file, make=False)
    assert [(fault.code, fault.line) for fault in caught.value.faults] == [("document.not-utf-8", 2)]


def test_size_is_bounded(file: Path) -> None:
    with file.open("ab") as stream:
        stream.truncate(MAX_DOCUMENT_BYTES + 1)
    with pytest.raises(SekishoInputError) as caught:
        load_from_file(file, make=False)
    assert caught.value.faults[0].code == "document.too-large"


def test_a_folder_that_takes_no_file(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure):
        load_from_file(tmp_path / "missing" / "new.yaml", make=True).write({})

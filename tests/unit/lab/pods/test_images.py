"""What the name of an image stands for on this machine, and what a program needs of it."""

from pathlib import Path

import pytest

from sekisho.facts.world.images import Image
from sekisho.lab.pods.images import PROGRAMS, ImageError, Images, repository
from sekisho.lab.pods.programs import find_program, trees_of

NAMES = {
    "ubuntu": "ubuntu",
    "ubuntu:22.04": "ubuntu",
    "docker.io/library/ubuntu:22.04": "ubuntu",
    "library/ubuntu": "ubuntu",
    "amazon/aws-cli": "amazon/aws-cli",
    "amazon/aws-cli@sha256:00": "amazon/aws-cli",
    "docker.io/amazon/aws-cli:2.15.0": "amazon/aws-cli",
    "public.ecr.aws/aws-cli/aws-cli": "aws-cli/aws-cli",
    "public.ecr.aws/docker/library/busybox:1": "busybox",
    "registry.k8s.io/kubectl:v1.34.0": "kubectl",
    "localhost/tool": "tool",
    "127.0.0.1:5000/team/tool:1": "team/tool",
    "team/tool": "team/tool",
}


@pytest.mark.parametrize(("image", "name"), NAMES.items())
def test_registry_tag_and_digest_do_not_count(image: str, name: str) -> None:
    assert repository(image) == name


def program(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_an_image_brings_its_program_and_what_that_needs(tmp_path: Path) -> None:
    aws = program(tmp_path / "tool" / "bin", "aws")
    found = Images((), tmp_path / "state", [str(aws.parent)]).installed("amazon/aws-cli:2.15")
    assert found.argv((), ("s3", "ls")) == ("aws", "s3", "ls")
    assert found.argv(("aws",), ("s3", "ls")) == ("aws", "s3", "ls")
    assert found.argv(("sh", "-c"), ()) == ("sh", "-c")
    assert found.links == {f"{PROGRAMS}/aws": str(aws)}
    assert found.search[0] == PROGRAMS
    assert any(aws.is_relative_to(tree) for tree in found.trees)


def test_a_command_runs_where_no_arguments_are_given(tmp_path: Path) -> None:
    table = Images([Image("t", ("tool",), ("show",))], tmp_path / "state", [])
    assert table.installed("t").argv((), ()) == ("tool", "show")
    assert table.installed("t").argv((), ("other",)) == ("tool", "other")


def test_an_image_whose_program_is_missing_says_so(tmp_path: Path) -> None:
    table = Images((), tmp_path / "state", [str(tmp_path)])
    with pytest.raises(ImageError, match="`aws`, which is not in the PATH of whoever started the lab"):
        table.installed("amazon/aws-cli")
    assert table.installed("ubuntu").links == {}  # where it is only something that is there too


def test_a_shim_of_a_version_manager_is_no_program(tmp_path: Path) -> None:
    """It would call a program in a folder that the pod does not see: the next one in the PATH is taken."""
    secret = tmp_path / "state"
    shim = program(tmp_path / ".pyenv" / "shims", "aws")
    search = [str(shim.parent)]
    with pytest.raises(ImageError, match="`pyenv which aws`") as caught:
        Images((), secret, search).installed("amazon/aws-cli")
    assert f"the shim `{shim}`" in str(caught.value)
    assert Images((), secret, search).installed("ubuntu").links == {}
    real = program(tmp_path / ".pyenv" / "versions" / "3.12" / "bin", "aws")
    for images in (
        Images((), secret, [*search, str(real.parent)]),
        Images(
            [Image("amazon/aws-cli", ("aws",), path=(str(real.parent),), programs=("aws",))], secret, search
        ),
    ):
        assert images.installed("amazon/aws-cli").links == {"/opt/sekisho/bin/aws": str(real)}


def test_an_image_without_an_entry_says_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"`name: team/tool` .* under `images:` of the world file"):
        Images((), tmp_path, []).installed("registry.example.com/team/tool:1")


def test_the_entry_that_says_most_counts_and_before_the_lab_s_own(tmp_path: Path) -> None:
    entries = [
        Image("*", ("any",)),
        Image("team/*", ("team",)),
        Image("team/tool", ("tool",)),
        Image("ubuntu", ("own",)),
    ]
    table = Images(entries, tmp_path, [])
    wanted = {"team/tool": "tool", "team/other": "team", "else": "any", "ubuntu:22.04": "own"}
    assert {name: table.installed(name).image.entrypoint[0] for name in wanted} == wanted


def test_no_entry_shows_the_state_directory(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for folder in (tmp_path, state, tmp_path / "absent"):
        table = Images([Image("t", path=(str(folder),))], state, [])
        with pytest.raises(ImageError, match="no folder or holds the lab's own state"):
            table.installed("t")


def test_no_program_shows_the_state_directory(tmp_path: Path) -> None:
    beside = program(tmp_path / "bin", "tool")
    assert trees_of(beside, tmp_path / "state") == (str(beside),)
    inside = program(tmp_path / "state" / "bin", "tool")
    assert trees_of(inside, tmp_path / "state") == ()


def test_a_virtual_environment_comes_with_its_interpreter(tmp_path: Path) -> None:
    python = program(tmp_path / "python" / "bin", "python3")
    tool = program(tmp_path / "tool" / "bin", "tool")
    settings = f"home = {python.parent}\nversion = 3\n"
    (tmp_path / "tool" / "venv").mkdir()
    (tmp_path / "tool" / "venv" / "pyvenv.cfg").write_text(settings)
    shown = trees_of(tool, tmp_path / "state")
    assert any(tool.is_relative_to(tree) for tree in shown)
    assert any(python.is_relative_to(tree) for tree in shown)


def test_a_link_is_followed_except_into_a_virtual_environment(tmp_path: Path) -> None:
    tool = program(tmp_path / "tool" / "bin", "tool")
    links = tmp_path / "links"
    links.mkdir()
    (links / "tool").symlink_to(tool)
    assert find_program("tool", [str(links)]) == tool
    environment = tmp_path / "env"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "tool").symlink_to(tool)
    (environment / "pyvenv.cfg").write_text("")
    assert find_program("tool", [str(environment / "bin")]) == environment / "bin" / "tool"
    assert find_program("absent", [str(links)]) is None

"""``sekisho map`` on a file: options, texts, exit codes. On a cluster: tests/wire/test_kube_client.py."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sekisho.cli.map import app

A = "111122223333"
NODE = f"arn:aws:iam::{A}:role/node"
OPE = f"arn:aws:iam::{A}:user/eks-ope"
TEXT = f"""\
# who may enter
apiVersion: v1
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
data:
  mapRoles: |
    - rolearn: {NODE}
      username: system:node:{{{{EC2PrivateDNSName}}}}
      groups:
      - system:bootstrappers
      - system:nodes
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "aws-auth.yaml"
    path.write_text(TEXT)
    return str(path)


def run(*arguments: str) -> tuple[int, str, list[str]]:
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr.splitlines()


def create(file: str, *options: str) -> tuple[int, str, list[str]]:
    return run("create", "-f", file, "--arn", OPE, *options)


def test_create_says_what_eksctl_says_and_keeps_the_file_as_it_was(file: str, tmp_path: Path) -> None:
    code, out, err = create(file, "--username", "ope", "--group", "a", "--group", "b", "--no-duplicate-arns")
    assert (code, out) == (0, "")
    assert err[0] == f"sekisho: checking arn {OPE} against entries in the auth ConfigMap"
    assert err[-1] == f'sekisho: adding identity "{OPE}" to auth ConfigMap'
    (backup,) = (tmp_path / "state/sekisho/backups").iterdir()
    assert err[1:-1] == [f"sekisho: aws-auth as it was is kept in {backup}"]
    assert backup.read_text() == TEXT
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    added = f"- groups:\n      - a\n      - b\n      userarn: {OPE}\n      username: ope\n"
    assert Path(file).read_text() == f"{TEXT}  mapUsers: |\n    {added}"


def test_the_same_mapping_again_is_skipped(file: str) -> None:
    create(file, "--group", "operators")
    before = Path(file).read_text()
    code, _, err = create(file, "--group", "operators", "--no-duplicate-arns")
    assert code == 0
    assert err[1:] == [
        "sekisho: warning: found existing mapping that matches the one being created, skipping"
    ]
    assert Path(file).read_text() == before


def test_another_mapping_of_the_arn_is_refused_or_shadows(file: str) -> None:
    create(file, "--group", "operators")
    code, out, err = create(file, "--group", "readers", "--no-duplicate-arns")
    assert (code, out) == (1, "")
    place = f"{file}:15 at /data/mapUsers/0"
    sentence = f'found existing mapping with the same arn "{OPE}" and shadowing is disabled'
    assert err[1:] == [f"sekisho: {sentence} ({place})"]
    code, _, err = create(file, "--group", "readers")
    assert code == 0
    assert any("is mapped at" in line and "counts from now on" in line for line in err)
    assert run("get", "-f", file)[1].count(OPE) == 2


def test_warnings_come_before_the_write(file: str) -> None:
    code, _, err = create(file, "--group", "system:masters")
    warnings = [line for line in err if line.startswith("sekisho: warning: ")]
    assert code == 0
    assert any("empty user name" in line for line in warnings)
    assert any("system:masters" in line for line in warnings)


def test_a_dry_run_shows_the_difference(file: str, tmp_path: Path) -> None:
    code, out, err = create(file, "--username", "ope", "--dry-run")
    added = f"+- userarn: {OPE}\n+  username: ope\n"
    assert (code, out) == (0, f"--- before/mapUsers\n+++ after/mapUsers\n@@ -0,0 +1,2 @@\n{added}")
    assert err[-1] == "sekisho: nothing is written (dry run)"
    assert Path(file).read_text() == TEXT
    assert not (tmp_path / "state").exists()


def test_accounts_come_and_go(file: str) -> None:
    code, _, err = run("create", "-f", file, "--account", A)
    assert (code, err[-1]) == (0, f'sekisho: adding account "{A}" to auth ConfigMap')
    assert run("get", "-f", file)[1].splitlines()[-1].split() == [A]
    code, _, err = run("delete", "-f", file, "--account", A)
    assert (code, err[-1]) == (0, f'sekisho: removing account "{A}" from auth ConfigMap')
    code, _, err = run("delete", "-f", file, "--account", A)
    assert (code, err) == (1, [f'sekisho: no iamidentitymapping with account "{A}" found'])


def test_list(file: str) -> None:
    create(file, "--group", "operators")
    run("create", "-f", file, "--account", A)
    code, out, err = run("get", "-f", file)
    rows = [line.split() for line in out.splitlines()]
    groups = "system:bootstrappers,system:nodes"
    assert (code, err) == (0, [])
    assert rows == [
        ["ARN", "USERNAME", "GROUPS", "ACCOUNT"],
        [NODE, "system:node:{{EC2PrivateDNSName}}", groups],
        [OPE, "operators"],
        [A],
    ]
    expected = [
        {"rolearn": NODE, "username": "system:node:{{EC2PrivateDNSName}}", "groups": groups.split(",")},
        {"userarn": OPE, "groups": ["operators"]},
        {"account": A},
    ]
    assert json.loads(run("get", "-f", file, "-o", "json")[1]) == expected
    assert yaml.safe_load(run("get", "-f", file, "-o", "yaml")[1]) == expected


def test_list_of_one_arn(file: str) -> None:
    code, out, _ = run("get", "-f", file, "--arn", NODE, "-o", "json")
    assert (code, len(json.loads(out))) == (0, 1)
    code, out, err = run("get", "-f", file, "--arn", OPE)
    assert (code, out, err) == (1, "", [f'sekisho: no iamidentitymapping with arn "{OPE}" found'])


def test_delete_takes_the_first_and_tells_how_many_remain(file: str) -> None:
    create(file, "--username", "one")
    create(file, "--username", "two")
    code, _, err = run("delete", "-f", file, "--arn", OPE)
    assert code == 0
    assert f"sekisho: warning: 1 more of {OPE} remain" in err
    assert err[-1] == f'sekisho: removing identity "{OPE}" from auth ConfigMap'
    assert json.loads(run("get", "-f", file, "--arn", OPE, "-o", "json")[1]) == [
        {"userarn": OPE, "username": "two"}
    ]


def test_delete_all_of_none_is_no_error(file: str) -> None:
    create(file, "--username", "one")
    create(file, "--username", "two")
    assert run("delete", "-f", file, "--arn", OPE, "--all")[0] == 0
    assert run("get", "-f", file, "--arn", OPE)[0] == 1
    assert run("delete", "-f", file, "--arn", OPE, "--all")[0] == 0
    assert run("delete", "-f", file, "--arn", OPE)[0] == 1


def test_the_last_node_role_stays_unless_forced(file: str) -> None:
    code, out, err = run("delete", "-f", file, "--arn", NODE)
    assert (code, out) == (1, "")
    assert err[0].startswith("sekisho: refused: no role would be left in system:nodes")
    assert "--force" in err[1]
    assert Path(file).read_text() == TEXT
    assert run("delete", "-f", file, "--arn", NODE, "--dry-run")[0] == 1
    code, _, err = run("delete", "-f", file, "--arn", NODE, "--force")
    assert code == 0
    assert err[0].startswith("sekisho: forced: no role would be left")
    assert Path(file).read_text() != TEXT


def test_json_of_an_edit(file: str) -> None:
    code, out, _ = create(file, "--username", "ope", "-o", "json")
    answer = json.loads(out)
    assert code == 0
    assert list(answer) == [
        "changed",
        "written",
        "refused",
        "dryRun",
        "backup",
        "warnings",
        "refusals",
        "diff",
    ]
    assert (answer["changed"], answer["written"], answer["refused"]) == (True, True, False)
    assert Path(answer["backup"]).read_text() == TEXT
    code, out, _ = run("delete", "-f", file, "--arn", NODE, "-o", "json")
    answer = json.loads(out)
    assert (code, answer["refused"], answer["backup"]) == (1, True, None)
    assert [refusal["code"] for refusal in answer["refusals"]] == ["map.last-node-role"]


def test_a_folder_for_backups_can_be_chosen(file: str, tmp_path: Path) -> None:
    assert create(file, "--username", "ope", "--backup-dir", str(tmp_path / "kept"))[0] == 0
    assert [path.read_text() for path in (tmp_path / "kept").iterdir()] == [TEXT]


BAD = {
    "neither cluster nor file": (["get"], "--cluster"),
    "both": (["get", "-f", "x", "--cluster", "c"], "--cluster"),
    "neither ARN nor account": (["create", "-f", "x"], "--arn"),
    "ARN and account": (["create", "-f", "x", "--arn", OPE, "--account", A], "--arn"),
    "an account with a group": (["create", "-f", "x", "--account", A, "--group", "g"], "--account"),
    "deleting an account with --all": (["delete", "-f", "x", "--account", A, "--all"], "--all"),
    "a file that is missing": (["get", "-f", "/nowhere/x"], "/nowhere/x"),
    "an account that is none": (["create", "-f", "/nowhere/x", "--account", "12"], "mapping"),
    "a mapping to nothing": (["create", "-f", "/nowhere/x", "--arn", OPE], "mapping"),
    "an ARN that is none": (["create", "-f", "/nowhere/x", "--arn", "x", "--username", "u"], "mapping"),
}


@pytest.mark.parametrize(("arguments", "place"), BAD.values(), ids=BAD.keys())
def test_bad_usage(arguments: list[str], place: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err[-1].startswith(f"sekisho: {place}")


def test_a_malformed_section_stops_every_verb_with_its_line(file: str) -> None:
    text = TEXT + "  mapUsers: |\n    - userarn: [\n"
    Path(file).write_text(text)
    for arguments in (
        ["get"],
        ["create", "--arn", OPE, "--username", "u", "--force"],
        ["delete", "--arn", NODE],
    ):
        code, out, err = run(*arguments, "-f", file)
        assert (code, out) == (2, "")
        assert err[-1].startswith(f"sekisho: {file}:16 at /data/mapUsers: not YAML")
    assert Path(file).read_text() == text


def test_every_verb_shows_an_example() -> None:
    for verb in ("create", "get", "delete"):
        assert f"Example: sekisho map {verb}" in " ".join(run(verb, "--help")[1].split())


def test_an_edit_of_a_file_loads_no_aws_library(file: str) -> None:
    program = (
        "import sys\nfrom sekisho.cli.map import app\n"
        f"app(['get', '-f', {file!r}], standalone_mode=False)\n"
        "sys.stderr.write(','.join(n for n in sys.modules if n.split('.')[0] in {'botocore', 'http'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (NODE in done.stdout, done.stderr) == (True, "")

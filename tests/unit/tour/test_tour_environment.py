"""The environment of a tour's commands leads to the lab and to nothing of the user's."""

from pathlib import Path

from sekisho.lab.environment import UNSET, Environment
from sekisho.tour.shell import environment_of

LAB = Environment(
    {"HTTPS_PROXY": "http://127.0.0.1:1", "AWS_CA_BUNDLE": "/s/ca", "KUBECONFIG": "/s/k"}, UNSET
)
HOME = Path("/tour")


def test_files_are_the_tours_own() -> None:
    found = environment_of(LAB, HOME, {"HOME": "/home/me", "PATH": "/usr/bin"})
    assert found["HOME"] == "/tour"
    assert found["KUBECONFIG"] == "/tour/.kube/config"
    assert found["AWS_SHARED_CREDENTIALS_FILE"] == "/tour/.aws/credentials"
    assert found["AWS_CONFIG_FILE"] == "/tour/.aws/config"
    assert found["PATH"] == "/tour/bin:/usr/bin"
    assert found["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert found["AWS_CA_BUNDLE"] == "/s/ca"


def test_the_users_settings_are_left_behind() -> None:
    mine = {
        "PATH": "/usr/bin",
        "AWS_PROFILE": "prod",
        "AWS_CLI_HISTORY_FILE": "/home/me/h",
        "AWS_ENDPOINT_URL_STS": "https://sts.example",
        "KUBECACHEDIR": "/home/me/.kube/cache",
        "KUBERC": "/home/me/kuberc",
        "XDG_STATE_HOME": "/home/me/state",
        "SEKISHO_STATE_DIR": "/home/me/lab",
        "LANG": "C.UTF-8",
    }
    found = environment_of(LAB, HOME, mine)
    assert not set(mine) & set(found) - {"PATH", "LANG"}
    assert found["LANG"] == "C.UTF-8"

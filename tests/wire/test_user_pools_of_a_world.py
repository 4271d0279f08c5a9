"""A world file with a user pool: its users sign in once an administrator gave them a password."""

from pathlib import Path

from sekisho.testing import running_lab
from support.boto_lab import HOME, profile
from support.user_pools import PASSWORD, Pool, ask, part

WORLD = f"""\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: ap-northeast-1
accounts:
  - id: "{HOME}"
    users:
      - name: admin
        policies: ["arn:aws:iam::aws:policy/AdministratorAccess"]
        accessKeys: [{{profile: default}}]
userPools:
  - name: people
    account: "{HOME}"
    id: ap-northeast-1_Abc123xyz
    domain: people-login
    clients: [{{name: web, id: 1abc7efgh6, callbackUrls: ["http://localhost"]}}]
    groups: [{{name: admin}}]
    users: [{{email: k@example.com, name: Kase, groups: [admin]}}]
"""


def test_a_pool_of_the_file_is_served_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(WORLD)
    with running_lab(tmp_path / "lab", file) as lab:
        pool = Pool(profile(lab, "default"), "ap-northeast-1_Abc123xyz")
        pages = lab.client.get("/status")["loginPages"]
        assert pool.ask("describe_user_pool")["UserPool"]["Domain"] == "people-login"
        pool.ask("admin_set_user_password", Username="k@example.com", Password=PASSWORD, Permanent=True)
        asked = {
            "ClientId": "1abc7efgh6",
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "k@example.com", "PASSWORD": PASSWORD},
        }
        tokens = ask(pool.admin, "initiate_auth", **asked)["AuthenticationResult"]
        assert part(tokens["IdToken"], 1)["cognito:groups"] == ["admin"]
        lab.stop()
        lab.start()
        assert lab.client.get("/status")["loginPages"] == pages
        assert ask(pool.admin, "get_user", AccessToken=tokens["AccessToken"])["Username"]
        again = ask(pool.admin, "initiate_auth", **asked)["AuthenticationResult"]
        assert part(again["IdToken"], 0) == part(tokens["IdToken"], 0)

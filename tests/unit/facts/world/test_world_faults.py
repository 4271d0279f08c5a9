"""Malformed world files: one row per rule, asserted by code, place and line of the user's own text."""

import pytest

from sekisho.decide.values import InputFault, SekishoInputError
from sekisho.facts.shape import MAX_FAULTS
from sekisho.facts.world.file import parse_world
from unit.facts.worlds import WORLD, changed


def faults_of(text: str) -> tuple[InputFault, ...]:
    with pytest.raises(SekishoInputError) as caught:
        parse_world(text, "world.yaml")
    return caught.value.faults


ROLE_ARN = "arn:aws:iam::111122223333:role/app"
LONG = "A" * 7000

# What is changed, into what, and the code, the pointer and the marker on whose line the fault is.
CASES = {
    "boundary that is no policy": (
        "groups: [staff]",
        "groups: [staff]\n        boundary: raeder",
        "world.unknown-reference",
        "/accounts/0/users/1/boundary",
        "raeder",
    ),
    "unknown key at the top": ("region:", "regoin: x\nregion:", "world.unknown-key", "/regoin", "regoin"),
    "region missing": ("region: ap-northeast-1\n", "", "world.missing", "", "apiVersion"),
    "region of another form": ("ap-northeast-1\nacc", "tokyo\nacc", "world.form", "/region", "tokyo"),
    "api version": ("v1alpha1", "v2", "world.unexpected-value", "/apiVersion", "v2"),
    "kind": ("kind: World", "kind: Wrld", "world.unexpected-value", "/kind", "Wrld"),
    "account id unquoted": (
        '"111122223333"\n    name',
        "111122223333\n    name",
        "world.unquoted",
        "/accounts/0/id",
        "id: 1",
    ),
    "account id octal": ('id: "111122223333"', "id: 0111", "world.unquoted", "/accounts/0/id", "id: 0111"),
    "account id of eleven digits": (
        'id: "444455556666"',
        'id: "44445555666"',
        "world.form",
        "/accounts/1/id",
        '"44445555666"',
    ),
    "account id twice": (
        'id: "444455556666"',
        'id: "111122223333"',
        "world.duplicate-name",
        "/accounts/1/id",
        '- id: "111122223333"\nclu',
    ),
    "account named by a name that two have": (
        'id: "444455556666"',
        'id: "444455556666"\n    name: dev',
        "world.unknown-reference",
        "/clusters/0/account",
        "account: dev",
    ),
    "account without id": (
        '  - id: "444455556666"\n',
        "  - name: x\n",
        "world.missing",
        "/accounts/1",
        "- name: x",
    ),
    "accounts no list": (
        "accounts:\n",
        "accounts: 1\nx:\n",
        "world.not-a-list",
        "/accounts",
        "accounts: 1",
    ),
    "account no object": (
        '  - id: "444455556666"\n',
        "  - dev2\n",
        "world.not-an-object",
        "/accounts/1",
        "dev2",
    ),
    "partition": (
        "    name: dev\n",
        "    name: dev\n    partition: awz\n",
        "world.unexpected-value",
        "/accounts/0/partition",
        "awz",
    ),
    "user name": (
        "name: eks-admin\n",
        "name: eks admin\n",
        "world.form",
        "/accounts/0/users/0/name",
        "eks admin\n",
    ),
    "user name no text": (
        "name: eks-admin\n",
        "name: [a]\n",
        "world.not-text",
        "/accounts/0/users/0/name",
        "name: [a]",
    ),
    "user twice, in another case": (
        "name: eks-ope\n        path",
        "name: EKS-Admin\n        path",
        "world.duplicate-name",
        "/accounts/0/users/1/name",
        "EKS-Admin",
    ),
    "path": ("path: /team/", "path: team", "world.form", "/accounts/0/users/1/path", "path: team"),
    "path too long": (
        "path: /team/",
        f"path: /{'a' * 511}/",
        "world.too-long",
        "/accounts/0/users/1/path",
        "path: /aaa",
    ),
    "tags no object": (
        "tags: {team: blue}",
        "tags: blue",
        "world.not-an-object",
        "/accounts/0/users/1/tags",
        "tags: blue",
    ),
    "tag value a number": (
        "tags: {team: blue}",
        "tags: {team: 1}",
        "world.unquoted",
        "/accounts/0/users/1/tags/team",
        "tags: {",
    ),
    "group unknown": (
        "groups: [staff]",
        "groups: [stuff]",
        "world.unknown-reference",
        "/accounts/0/users/1/groups/0",
        "stuff",
    ),
    "own policy unknown": (
        "policies: [reader]",
        "policies: [raeder]",
        "world.unknown-reference",
        "/accounts/0/groups/0/policies/0",
        "raeder",
    ),
    "own policy ARN unknown": (
        "policies: [reader]",
        'policies: ["arn:aws:iam::111122223333:policy/x"]',
        "world.unknown-reference",
        "/accounts/0/groups/0/policies/0",
        "policy/x",
    ),
    "policy twice": (
        "    groups:\n      - name: staff",
        "      - {name: Reader, document: {Statement: []}}\n    groups:\n      - name: staff",
        "world.duplicate-name",
        "/accounts/0/policies/1/name",
        "Reader",
    ),
    "policy without document": (
        "    groups:\n      - name: staff",
        "      - {name: other}\n    groups:\n      - name: staff",
        "world.missing",
        "/accounts/0/policies/1",
        "other",
    ),
    "policy document no object": (
        "    groups:\n      - name: staff",
        "      - {name: other, document: []}\n    groups:\n      - name: staff",
        "world.not-an-object",
        "/accounts/0/policies/1/document",
        "other",
    ),
    "policy document too long": (
        '"s3:GetObject"',
        f'"s3:{LONG}"',
        "iam.policy.too-large",
        "/accounts/0/policies/0/document",
        "document:",
    ),
    "policy grammar in an object": (
        "Effect: Allow, Action:",
        "Effect: allow, Action:",
        "iam.policy.effect",
        "/accounts/0/policies/0/document/Statement/Effect",
        "Effect: allow,",
    ),
    "policy grammar in JSON text": (
        '"Action": "eks:*"',
        '"Action": "eks"',
        "iam.policy.action-form",
        "/accounts/0/users/1/inline/clusters/Statement/0/Action",
        '"Action": "eks"',
    ),
    "JSON text that is no JSON": (
        '"Action": "eks:*"',
        '"Action": eks',
        "json.syntax",
        "/accounts/0/users/1/inline/clusters",
        '"Action": eks',
    ),
    "inline policy name": (
        "          clusters: |",
        "          a b: |",
        "world.form",
        "/accounts/0/users/1/inline/a b",
        "a b: |",
    ),
    "inline no object": (
        "policies: [reader]",
        "inline: []",
        "world.not-an-object",
        "/accounts/0/groups/0/inline",
        "inline: []",
    ),
    "secret key": (
        "- profile: default",
        "- profile: default\n            secretAccessKey: abc",
        "world.secret",
        "/accounts/0/users/0/accessKeys/0/secretAccessKey",
        "secretAccessKey",
    ),
    "secret, other spelling": (
        "- profile: default",
        "- profile: default\n            secret_key: abc",
        "world.secret",
        "/accounts/0/users/0/accessKeys/0/secret_key",
        "secret_key",
    ),
    "profile missing": (
        "- profile: default",
        "- {}",
        "world.missing",
        "/accounts/0/users/0/accessKeys/0",
        "- {}",
    ),
    "profile of another form": (
        "- profile: default",
        '- profile: "[x]"',
        "world.form",
        "/accounts/0/users/0/accessKeys/0/profile",
        "[x]",
    ),
    "profile twice": (
        "- profile: default",
        "- profile: default\n          - profile: default",
        "world.duplicate-name",
        "/accounts",
        "accounts:",
    ),
    "three access keys": (
        "- profile: default",
        "- profile: a\n          - profile: b\n          - profile: c",
        "world.too-long",
        "/accounts/0/users/0/accessKeys",
        "accessKeys",
    ),
    "role without trust": (
        "        trust:\n",
        "        turst:\n",
        "world.missing",
        "/accounts/0/roles/0",
        "name: app",
    ),
    "role twice": (
        '  - id: "444455556666"\n',
        '      - {name: APP, trust: {}}\n  - id: "444455556666"\n',
        "world.duplicate-name",
        "/accounts/0/roles/1/name",
        "APP",
    ),
    "session under an hour": (
        "maxSessionDuration: 7200",
        "maxSessionDuration: 3599",
        "world.not-a-number",
        "/accounts/0/roles/0/maxSessionDuration",
        "3599",
    ),
    "session over twelve hours": (
        "maxSessionDuration: 7200",
        "maxSessionDuration: 43201",
        "world.not-a-number",
        "/accounts/0/roles/0/maxSessionDuration",
        "43201",
    ),
    "session a boolean": (
        "maxSessionDuration: 7200",
        "maxSessionDuration: yes",
        "world.not-a-number",
        "/accounts/0/roles/0/maxSessionDuration",
        "maxSession",
    ),
    "trust without principal": (
        'Principal: {AWS: "arn:aws:iam::111122223333:user/eks-admin"}\n',
        "Sid: a\n",
        "iam.policy.element-missing",
        "/accounts/0/roles/0/trust/Statement/0",
        "- Effect: Allow\n              Sid",
    ),
    "trust with resource": (
        "Action: sts:AssumeRole",
        "Action: sts:AssumeRole\n              Resource: '*'",
        "iam.policy.resource-form",
        "/accounts/0/roles/0/trust/Statement/0/Resource",
        "Resource: '*'",
    ),
    "trust statement no object": (
        "- Effect: Allow\n              Principal",
        "- 1\n            - Effect: Allow\n              Principal",
        "iam.policy.not-an-object",
        "/accounts/0/roles/0/trust/Statement/0",
        "- 1",
    ),
    "trust without statement": (
        "          Statement:\n            - Eff",
        "          Statemnt:\n            - Eff",
        "iam.policy.no-statement",
        "/accounts/0/roles/0/trust/Statement",
        "trust:",
    ),
    "trust no JSON object": (
        "        trust:\n",
        '        trust: "1"\n        x:\n',
        "iam.policy.not-an-object",
        "/accounts/0/roles/0/trust",
        'trust: "1"',
    ),
    "trusted user unknown": (
        '111122223333:user/eks-admin"}',
        '111122223333:user/eks-amdin"}',
        "world.unknown-reference",
        "/accounts/0/roles/0/trust/Statement/0/Principal/AWS",
        "eks-amdin",
    ),
    "trusted user unknown, in a list": (
        '{AWS: "arn:aws:iam::111122223333:user/eks-admin"}',
        '{AWS: ["arn:aws:iam::111122223333:role/none"]}',
        "world.unknown-reference",
        "/accounts/0/roles/0/trust/Statement/0/Principal/AWS/0",
        "role/none",
    ),
    "trusted ARN of another form": (
        '"arn:aws:iam::111122223333:user/eks-admin"}',
        "arn:nothing}",
        "world.form",
        "/accounts/0/roles/0/trust/Statement/0/Principal/AWS",
        "arn:nothing",
    ),
    "cluster without creator": (
        "    creator: user/eks-admin\n",
        "",
        "world.missing",
        "/clusters/0",
        "- name: eks-clu",
    ),
    "creator unknown": (
        "creator: user/eks-admin",
        "creator: user/eks-admni",
        "world.unknown-reference",
        "/clusters/0/creator",
        "eks-admni",
    ),
    "creator of another account": (
        "creator: user/eks-admin",
        "creator: arn:aws:iam::444455556666:root",
        "world.unknown-reference",
        "/clusters/0/creator",
        "creator",
    ),
    "cluster role unknown": (
        "creator: user/eks-admin",
        "creator: root\n    roleArn: role/ap",
        "world.unknown-reference",
        "/clusters/0/roleArn",
        "roleArn",
    ),
    "cluster account unknown": (
        "account: dev",
        "account: dve",
        "world.unknown-reference",
        "/clusters/0/account",
        "dve",
    ),
    "cluster account unquoted": (
        "account: dev",
        "account: 111122223333",
        "world.unquoted",
        "/clusters/0/account",
        "account: 1",
    ),
    "cluster name": ("name: eks-clu", "name: -x", "world.form", "/clusters/0/name", "name: -x"),
    "cluster twice": (
        "clusters:\n",
        "clusters:\n  - {name: eks-clu, account: dev, creator: root}\n",
        "world.duplicate-name",
        "/clusters/1/name",
        "  - name: eks-clu\n",
    ),
    "version unquoted": (
        "account: dev",
        "account: dev\n    version: 1.30",
        "world.unquoted",
        "/clusters/0/version",
        "1.30",
    ),
    "version of another form": (
        "account: dev",
        "account: dev\n    version: latest",
        "world.form",
        "/clusters/0/version",
        "latest",
    ),
    "mode": (
        "account: dev",
        "account: dev\n    authenticationMode: CONFIGMAP",
        "world.unexpected-value",
        "/clusters/0/authenticationMode",
        "CONFIGMAP",
    ),
    "aws-auth section unknown": (
        "mapUsers:",
        "mapUser:",
        "world.unknown-key",
        "/clusters/0/awsAuth/mapUser",
        "mapUser:",
    ),
    "aws-auth section no list": (
        '      mapAccounts: ["444455556666"]',
        "      mapAccounts: none",
        "world.not-a-list",
        "/clusters/0/awsAuth/mapAccounts",
        "mapAccounts",
    ),
    "aws-auth entry no object": (
        f"        - rolearn: {ROLE_ARN}\n          username: app\n          groups: [readers]",
        "        - admin",
        "world.not-an-object",
        "/clusters/0/awsAuth/mapRoles/0",
        "- admin",
    ),
    "aws-auth account unquoted": (
        'mapAccounts: ["444455556666"]',
        "mapAccounts: [444455556666]",
        "world.unquoted",
        "/clusters/0/awsAuth/mapAccounts/0",
        "mapAccounts",
    ),
    "aws-auth raw beside sections": (
        'mapAccounts: ["444455556666"]',
        "raw: {mapAccounts: ''}",
        "world.unexpected-value",
        "/clusters/0/awsAuth/raw",
        "raw:",
    ),
    "aws-auth no object": (
        "    awsAuth:\n",
        "    awsAuth: x\n    x:\n",
        "world.not-an-object",
        "/clusters/0/awsAuth",
        "awsAuth: x",
    ),
    "node name": ("name: worker-2", "name: Worker_2", "world.form", "/clusters/0/nodes/1/name", "Worker_2"),
    "node twice": (
        "name: worker-2",
        "name: ip-10-0-0-7.ap-northeast-1.compute.internal",
        "world.duplicate-name",
        "/clusters/0/nodes/1",
        "internal\n        address",
    ),
    "node version": (
        "version: v1.33.1-eks-1",
        'version: "1.33"',
        "world.form",
        "/clusters/0/nodes/1/version",
        '"1.33"',
    ),
    "node ready": (
        "ready: false",
        "ready: maybe",
        "world.not-a-boolean",
        "/clusters/0/nodes/1/ready",
        "maybe",
    ),
    "manifest no object": (
        "    manifests:\n",
        "    manifests:\n      - x\n",
        "world.not-an-object",
        "/clusters/0/manifests/0",
        "- x",
    ),
    "manifest without kind": (
        "        kind: RoleBinding\n",
        "",
        "world.missing",
        "/clusters/0/manifests/1",
        "k8s.io/v1\n        metadata: {name: readers",
    ),
    "manifest without name": (
        "        kind: Role\n        metadata: {name: readers,",
        "        kind: Role\n        metadata: {",
        "world.missing",
        "/clusters/0/manifests/0",
        "- apiVersion: rbac.authorization.k8s.io/v1\n        kind: Role\n",
    ),
    "RBAC object of a wrong shape": (
        "verbs: [get]",
        "verb: [get]",
        "rbac.unknown-member",
        "/clusters/0/manifests/0/rules/0/verb",
        "verb: [get]",
    ),
}


def line_with(text: str, marker: str) -> int:
    assert marker in text
    return text.count("\n", 0, text.index(marker)) + 1


@pytest.mark.parametrize("row", CASES.values(), ids=CASES.keys())
def test_a_fault_names_its_rule_its_place_and_its_line(row: tuple[str, str, str, str, str]) -> None:
    old, new, code, pointer, marker = row
    text = changed(old, new)
    found = [(fault.code, fault.at.pointer, fault.line) for fault in faults_of(text)]
    assert (code, pointer, line_with(text, marker)) in found


def test_objects_of_one_kind_and_name_in_one_namespace_are_one_too_many() -> None:
    start = WORLD.index("      - apiVersion")
    end = WORLD.index("      - apiVersion", start + 1)
    text = WORLD + WORLD[start:end]
    (fault,) = faults_of(text)
    assert (fault.code, fault.at.pointer, fault.line) == (
        "world.duplicate-name",
        "/clusters/0/manifests/2",
        WORLD.count("\n") + 1,
    )
    assert "/clusters/0/manifests/0" in fault.problem


def test_awsauth_and_an_aws_auth_manifest_exclude_each_other() -> None:
    manifest = (
        "      - {apiVersion: v1, kind: ConfigMap, metadata: {name: aws-auth, namespace: kube-system}}\n"
    )
    assert [fault.code for fault in faults_of(WORLD + manifest)] == ["world.duplicate-name"]


def raw_aws_auth(section: str, style: str = "|") -> str:
    start, end = WORLD.index("      mapRoles:"), WORLD.index("    nodes:")
    return f"{WORLD[:start]}      raw:\n        mapRoles: {style}\n{section}{WORLD[end:]}"


def test_a_raw_section_that_cannot_be_read_is_refused_at_the_line_inside_it() -> None:
    text = raw_aws_auth("          - rolearn: a\n          - rolearn: [\n")
    (fault,) = faults_of(text)
    assert (fault.code, fault.at.pointer) == ("yaml.syntax", "/clusters/0/awsAuth/raw/mapRoles")
    assert text.splitlines()[fault.line - 2].strip() == "- rolearn: ["


def test_a_raw_section_that_is_no_list_is_refused() -> None:
    text = raw_aws_auth("          rolearn: a\n")
    (fault,) = faults_of(text)
    assert fault.code == "aws-auth.not-a-list"
    assert text.splitlines()[fault.line - 1].strip() == "rolearn: a"


def test_a_folded_section_has_no_lines_of_its_own_so_its_key_is_named() -> None:
    text = raw_aws_auth("          rolearn: a\n", ">")
    (fault,) = faults_of(text)
    assert text.splitlines()[fault.line - 1].strip() == "mapRoles: >"


def test_an_aws_auth_manifest_that_cannot_be_read_is_refused() -> None:
    start, end = WORLD.index("    awsAuth:"), WORLD.index("    nodes:")
    manifest = (
        "      - apiVersion: v1\n        kind: ConfigMap\n"
        "        metadata: {name: aws-auth, namespace: kube-system}\n"
        "        data: {mapRoles: 'rolearn: a'}\n"
    )
    (fault,) = faults_of(WORLD[:start] + WORLD[end:] + manifest)
    assert (fault.code, fault.at.pointer) == (
        "aws-auth.not-a-list",
        "/clusters/0/manifests/2/data/mapRoles",
    )


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = changed("region: ap-northeast-1\n", "region: tokyo\n").replace("path: /team/", "path: x")
    text = text.replace("creator: user/eks-admin", "creator: user/x")
    found = faults_of(text)
    assert [fault.code for fault in found] == ["world.form", "world.form", "world.unknown-reference"]
    assert [fault.line for fault in found] == sorted(fault.line for fault in found)
    assert str(found[0]).startswith("world.yaml:3 at /region: ")


def test_the_nearest_spelling_is_named() -> None:
    hints = {
        changed("mapUsers:", "mapUser:"): "did you mean `mapUsers`",
        changed("creator: user/eks-admin", "creator: user/eks-admni"): "did you mean `user/eks-admin`",
        changed("account: dev", "account: Dev"): "did you mean `dev`",
    }
    assert {text: faults_of(text)[0].hint for text in hints} == hints


def test_a_key_that_resembles_none_is_told_which_there_are() -> None:
    (fault,) = faults_of(changed("region:", "qqq: 1\nregion:"))
    assert fault.hint == (
        "known are apiVersion, kind, region, accounts, organizations, clusters, userPools, images"
    )


def test_an_account_that_is_not_there_does_not_make_its_creator_a_fault() -> None:
    text = changed("account: dev", "account: none\n    roleArn: role/app")
    assert [fault.at.pointer for fault in faults_of(text)] == ["/clusters/0/account"]


def test_a_secret_is_never_repeated() -> None:
    found = faults_of(changed("- profile: default", "- profile: default\n            secret: hush-hush"))
    assert "hush" not in str(found)


def test_more_faults_than_anybody_reads_are_counted() -> None:
    keys = "".join(f"qq{number}: 1\n" for number in range(MAX_FAULTS + 3))
    found = faults_of(keys + WORLD)
    assert len(found) == MAX_FAULTS + 1
    assert (found[-1].code, found[-1].problem) == ("world.more-faults", "3 more faults are not shown")


@pytest.mark.parametrize("text", ["", "[]", "kind: Pod", "- kind: World"])
def test_what_is_no_world_is_said_to_be_none(text: str) -> None:
    (fault,) = faults_of(text)
    assert (fault.code, fault.line) == ("world.unexpected-value", 1)


@pytest.mark.parametrize("text", ["kind: World\nkind: World", "a: [", "a: 1\n---\nb: 1", "<<: {a: 1}"])
def test_what_is_no_strict_yaml_is_refused(text: str) -> None:
    assert faults_of(text)[0].code.startswith("yaml.")

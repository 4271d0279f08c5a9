"""Editing kubeconfig text: it means what `merge` says, and the rest stays as it was written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.kubeconfig import build_entries, merge
from sekisho.connect.kubeconfig_text import dump, merge_text
from sekisho.decide.values import Arn, SekishoInputError
from sekisho.decide.values.documents import parse_yaml

ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/c"
ENTRIES = build_entries(EksCluster(Arn.parse(ARN), "c", "https://127.0.0.1:6443", "QUJD"), alias="yes")

COMMENTED = f"""\
# my clusters
apiVersion: v1
kind: Config   # what it is
clusters:
  # the old one
  - name: "old"  # still needed
    cluster: {{server: 'https://old'}}
  # this one changes
  - cluster:
      server: https://before
    name: {ARN}
  # the last one
  - name: last

# how to be somebody
users: []  # none yet
contexts:   # nothing here
current-context: 'old'  # for now
# the end
"""


def test_comments_order_and_quotes_survive() -> None:
    text = merge_text(COMMENTED, "config", ENTRIES)
    for comment in (line[line.index("#") :] for line in COMMENTED.splitlines() if "#" in line):
        assert comment in text
    assert "cluster: {server: 'https://old'}" in text
    assert text.index("the last one") < text.index("how to be somebody") < text.index("the end")
    assert "https://before" not in text


TEXTS = {
    "nothing": "",
    "comments only": "# mine\n",
    "comment without a line end": "# mine",
    "flow style all through": '{"clusters": [], "kind": "Config"}',
    "empty flow mapping": "{}",
    "flow style list": "users: [{name: a}]\n",
    "flow style list of several lines": "users: [{name: a},\n  {name: b}]\nkind: Config\n",
    "flow style entry": f"clusters:\n- {{name: '{ARN}'}}\n",
    "a document start": "---\nkind: Config\n",
    "a document end": "kind: Config\nusers:\n- name: a\n...\n",
    "no line end": "kind: Config\nusers:\n- name: a",
    "no line end after a key": "clusters:",
    "keys without values": "clusters:\nusers:\ncontexts:\ncurrent-context:\n",
    "null spelt out": "clusters: null\nusers: ~\ncurrent-context: null\n",
    "empty current context": 'current-context: ""\n',
    "indented lists": "users:\n    - name: a\n      user: {}\nkind: Config\n",
    "dash on its own line": f"clusters:\n-\n  name: {ARN}\n-\n  name: b\n",
    "block scalar at the end": "users:\n- name: a\n  user: |\n    x\n    y\n\n\nkind: Config\n",
    "value missing at the end": "users:\n- name: a\n  user:\n# end\n",
    "anchors": "users:\n- &a\n  name: a\n- *a\nclusters:\n- name: x\n  cluster: &c {server: s}\n",
    "a list that is an alias": "users: &u\n- name: a\nclusters: *u\n",
    "an anchored entry that changes": f"clusters:\n- &c\n  name: {ARN}\nusers:\n- name: a\n",
    "windows line ends": f"clusters:\r\n- name: {ARN}\r\n  cluster:\r\n    server: x\r\nkind: Config\r\n",
    "quoted keys": '"clusters":\n- "name": "a"\n"current-context": "a"\n',
    "a folded current context": "current-context: >-\n  a\n  b\nkind: Config\n",
    "beyond ASCII": "users:\n- name: küche\n  # grün\nkind: Config\n",
    "text that looks like other things": "users:\n- name: 'no'\n  user: {a: '1', b: 0x10, c: 12:30}\n",
    "commented": COMMENTED,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_meaning_is_that_of_the_merge(text: str) -> None:
    before: Any = parse_yaml(text)
    assert parse_yaml(merge_text(text, "config", ENTRIES)) == merge(before or {}, ENTRIES)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_second_merge_changes_nothing(text: str) -> None:
    once = merge_text(text, "config", ENTRIES)
    assert merge_text(once, "config", ENTRIES) == once


def test_comments_of_a_file_that_holds_nothing_else_survive() -> None:
    assert merge_text("# mine", "config", ENTRIES).startswith("# mine\napiVersion: v1\nclusters:\n")


def test_no_space_dangles_after_a_key() -> None:
    assert "users:\n- name" in merge_text("users: []\n", "config", ENTRIES)


NAMES = st.sampled_from([ARN, "yes", "a", "b: c", "# d", "", "- e"])
ENTRY = st.fixed_dictionaries({"name": NAMES}, optional={"user": st.dictionaries(NAMES, NAMES, max_size=2)})
KUBECONFIG = st.fixed_dictionaries(
    {"kind": st.just("Config")},
    optional={
        "clusters": st.lists(ENTRY, max_size=3),
        "users": st.none() | st.lists(ENTRY, max_size=3),
        "contexts": st.lists(ENTRY, max_size=3),
        "current-context": NAMES,
        "preferences": st.dictionaries(NAMES, NAMES, max_size=2),
    },
)


@given(KUBECONFIG)
def test_any_kubeconfig_merges_to_what_merge_says(content: dict[str, Any]) -> None:
    text = merge_text(dump(content), "config", ENTRIES)
    assert parse_yaml(text) == merge(content, ENTRIES)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("kind: Config\nusers: [\n", "yaml.syntax", 3),
        ("kind: a\nkind: b\n", "yaml.duplicate-key", 2),
        ("kind: Config\nusers: 1\n", "kubeconfig.wrong-type", 2),
        ("kind: a\n---\nkind: b\n", "yaml.several-documents", 0),
    ],
)
def test_malformed_text_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(SekishoInputError) as caught:
        merge_text(text, "config", ENTRIES)
    assert [(fault.code, fault.line) for fault in caught.value.faults] == [(code, line)]

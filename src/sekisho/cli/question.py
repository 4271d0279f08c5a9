"""What `can` and `why` have in common: the question, and where its facts come from."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sekisho.cli.errors import note
from sekisho.cli.state_option import lab_client

if TYPE_CHECKING:
    from sekisho.cli.aws_options import Drafts
    from sekisho.decide.decision import Chain
    from sekisho.decide.request.kubernetes import RequestAttributes
    from sekisho.review.source import Source

ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", "--name", help="Name or ARN of the cluster (needed if there are several)."),
]
NamespaceOption = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of the question.")]
AllNamespacesOption = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Ask about all namespaces at once.")
]
FromOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        help="Answer from files instead of a lab: a world file, manifests, `kubectl get -o yaml`, `aws eks "
        "describe-cluster`, `list-access-entries`, `describe-access-entry` or `list-associated-access-"
        "policies`, `aws iam get-account-authorization-details`, `get-role` or `get-open-id-connect-"
        "provider`; may be repeated.",
    ),
]
ModeOption = Annotated[
    str | None,
    typer.Option("--authentication-mode", help="The cluster's mode, where no file says it."),
]


def read_source(
    files: Sequence[Path] | None, cluster: str | None, mode: str | None, state: str | None
) -> "Source":
    """Return the facts of ``files``, or of the running lab.

    Raises:
        SekishoInputError: a file cannot be read or understood.
        LabError: no lab runs.
    """
    from sekisho.cli.world_source import texts_beside
    from sekisho.review.source import from_files, from_lab

    if not files:
        return from_lab(lab_client(state).get("/facts"), cluster)
    named = [(str(path), read_text(path)) for path in files]
    texts = {name: text for world, content in named for name, text in texts_beside(world, content).items()}
    source = from_files(named, cluster, mode, texts)
    for notice in source.notices:
        note(f"note: {notice}")
    return source


def read_facts(
    files: Sequence[Path] | None, cluster: str | None, mode: str | None, state: str | None, drafts: "Drafts"
) -> "Source":
    """Return the facts of a question; with bare policies a lab is not asked.

    Raises:
        SekishoInputError: as `read_source`.
        LabError: no lab runs.
    """
    from sekisho.review.source import beside_texts, from_nothing

    alone = drafts.has_policy and not files
    source = from_nothing() if alone else read_source(files, cluster, mode, state)
    return beside_texts(source, drafts.texts)


def is_aws_action(word: str) -> bool:
    """Tell whether a word is an AWS action: it has a colon, and a Kubernetes verb has none."""
    service, colon, name = word.partition(":")
    return bool(colon) and service not in ("arn", "system", "user", "group") and ":" not in name


def ask(
    who: str, action: str, resource: str, source: "Source", namespace: str, *, all_namespaces: bool
) -> "tuple[Chain, str]":
    """Return the chain that answers a question to a cluster, and what was asked in words.

    Raises:
        SekishoInputError: the question cannot be understood.
    """
    from sekisho.cli.workload_question import kubernetes_name
    from sekisho.review.questions import ask_cluster

    who = kubernetes_name(who, namespace, source)
    attributes, asked = read_kube_question(action, resource, namespace, all_namespaces=all_namespaces)
    return ask_cluster(who, attributes, source), asked


def read_kube_question(
    action: str, resource: str, namespace: str, *, all_namespaces: bool
) -> "tuple[RequestAttributes, str]":
    """Return a Kubernetes request, and what was asked in words.

    Raises:
        SekishoInputError: the question cannot be understood.
    """
    from sekisho.decide.values import Ref, SekishoInputError
    from sekisho.review.kube_action import read_action

    if not resource:
        hint = "an AWS action has a colon, such as s3:GetObject"
        problem = f"the verb `{action[:40]}` needs a resource, such as nodes"
        raise SekishoInputError.single("question.no-resource", Ref("question"), problem, hint)
    attributes = read_action(action, resource, namespace, all_namespaces=all_namespaces)
    place = f" in {attributes.namespace}" if attributes.namespace else ""
    return attributes, f"{action} {resource}{place}"


def answer_document(chain: "Chain", source: "Source", who: str, asked: str) -> Any:
    """Return the answer as JSON: who, asked, and the chain with file and line where facts came from files."""
    from sekisho.decide.decision import chain_to_json
    from sekisho.review.source import with_lines

    body: Any = with_lines(chain_to_json(chain), source.line_of)
    return {"who": who, "asked": asked, **body}


EXIT_CODES = {"allow": 0, "deny": 1, "no-opinion": 1, "unknown": 3}


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        SekishoInputError: it cannot be read, is too large, or is not UTF-8.
    """
    from sekisho.decide.values import Ref, SekishoInputError

    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise SekishoInputError.single("file.unreadable", Ref(str(path)), problem) from None
    except UnicodeDecodeError:
        raise SekishoInputError.single("file.not-utf-8", Ref(str(path)), "not UTF-8") from None

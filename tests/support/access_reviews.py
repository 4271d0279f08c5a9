"""SubjectAccessReviews put to a real kube-apiserver, many at once."""

import http.client
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser
from support.kube_apiserver import ADMIN, ApiServerProcess

CONNECTIONS = 4


@dataclass(frozen=True)
class Question:
    """One SubjectAccessReview: its body for the server, user and attributes for the engine."""

    spec: dict[str, Any]
    user: KubeUser
    attributes: RequestAttributes


def ask_all(api: ApiServerProcess, questions: Sequence[Question]) -> list[bool]:
    """Return the server's answers, asked over a few kept connections."""

    def ask(part: Sequence[Question]) -> list[bool]:
        headers = {"authorization": f"Bearer {ADMIN}", "content-type": "application/json"}
        answers = []
        with closing(http.client.HTTPSConnection("127.0.0.1", api.port, context=api.trust)) as connection:
            for question in part:
                body = {
                    "kind": "SubjectAccessReview",
                    "apiVersion": "authorization.k8s.io/v1",
                    "spec": question.spec,
                }
                path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
                connection.request("POST", path, json.dumps(body), headers)
                told = json.loads(connection.getresponse().read())
                answers.append(bool(told["status"]["allowed"]))
        return answers

    parts = [questions[start::CONNECTIONS] for start in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found = list(pool.map(ask, parts))
    return [found[index % CONNECTIONS][index // CONNECTIONS] for index in range(len(questions))]

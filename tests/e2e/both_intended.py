"""Where the lab answers another way than kube-apiserver on purpose, and why."""

import json
import re
from typing import Any, NamedTuple


class Intended(NamedTuple):
    """A difference that is meant: ``shows`` is found in the request or in the real answer.

    ``codes`` are the statuses of the lab and of the real server where they differ.
    """

    shows: str
    reason: str
    codes: tuple[int, int] | None = None


REQUESTS = (
    Intended(
        r"json parse error|nvalid JSON [Pp]atch|into Go value of type|is registered for version"
        "|unknown conversion",
        "Go's decoder and its registry of types speak; the lab says what it expected, with the same status",
    ),
    Intended(r"^POST \S+ null ", "the lab takes null for no object at all, not for an empty one", (400, 422)),
    Intended(
        r'"\\" is invalid: patch: Invalid value|"must be empty"|managedFields.*must be empty',
        "the order of members in the object that is shown is Go's own",
    ),
    Intended(
        "unsupported role reference kind",
        "kube-apiserver looks the role up before it validates and fails; the lab validates",
        (422, 500),
    ),
    Intended(
        r'Strict\S* \{"metadata":\{"name":"a"\},"metadata"',
        "a member that occurs twice is said to, in the lab's words",
    ),
    Intended(
        r'POST \S+configmaps \{"metadata":\{"name":"a"\},"metadata"',
        "two readers could see two objects: the lab refuses a member that occurs twice whoever validates",
        (400, 201),
    ),
    Intended(
        r'PUT .*"resourceVersion": "x"',
        "a version that is no number is an older version to the lab",
        (409, 500),
    ),
    Intended(r"watch=1\S*resourceVersion=x", "the client's fault is 400, not 500", (400, 500)),
    Intended("404 page not found", "every answer of the lab is a Status"),
    Intended("415: Unsupported Media Type", "the lab says which media types it takes"),
    Intended("unknown patch type: nope", "the client's fault is 400, not 500", (400, 500)),
    Intended("fieldSelector ignored due to parse error", "RBAC does not look at selectors, nor does the lab"),
    Intended("stream=watch", "the lab names the media types of objects alone"),
    Intended(
        r"GET \S+serviceaccounts\S+ .*Table",
        "1.37 has no column of secrets, the releases that EKS runs have one",
    ),
    Intended(
        r'"aggregationRule".*"matchLabels": \{"[\w-]+": "x"\}.*"rules": null',
        "the lab aggregates within the write, the controller of a real cluster after it",
    ),
    Intended(r'dryRun=All \{"metadata":\{"name":"a","resourceVersion":"5"', "a dry run stores no version"),
)


COMMANDS = {
    "describe namespace NS": "resource quotas and limit ranges are not served",
    "cluster-info": "services are not served",
}
"""Commands that print something else, and why."""


def meant(sent: str, lab: tuple[int, Any], real: tuple[int, Any]) -> Intended | None:
    """Return why the answers to ``sent`` may differ; None where they must not."""
    shown = f"{sent} -> {json.dumps(real[1])}"
    for one in REQUESTS:
        if re.search(one.shows, shown) and (one.codes or (real[0], real[0])) == (lab[0], real[0]):
            return one
    return None

"""Tables: the columns and cells that kubectl prints for each kind."""

import json
from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide.values import Instant
from sekisho.wire.kube.columns import columns
from sekisho.wire.kube.duration import age, human
from sekisho.wire.kube.negotiate import Form, Representation, negotiate
from sekisho.wire.kube.registry import REGISTRY, Resource
from sekisho.wire.kube.status import KubeError
from sekisho.wire.kube.table import IncludeObject, partial_list, single_metadata, table

NOW = Instant.parse_rfc3339("2026-01-31T09:25:00Z")
CREATED = "2026-01-31T09:00:00Z"
RBAC = "rbac.authorization.k8s.io/v1"


def resource(api_version: str, kind: str) -> Resource:
    found = REGISTRY.of_kind(api_version, kind)
    assert found is not None
    return found


def named(name: str, **members: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "creationTimestamp": CREATED, "resourceVersion": "7"}, **members}


NODE = named(
    "ip-192-168-92-154",
    status={
        "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": "v1.23.13-eks-fb123a0", "osImage": "AL2"},
        "addresses": [{"type": "InternalIP", "address": "192.168.92.154"}],
    },
)
BINDING = named(
    "b",
    roleRef={"kind": "ClusterRole", "name": "view"},
    subjects=[
        {"kind": "User", "name": "u"},
        {"kind": "Group", "name": "g"},
        {"kind": "Group", "name": "h"},
        {"kind": "ServiceAccount", "namespace": "n", "name": "s"},
    ],
)
POD = named(
    "p",
    spec={"containers": [{"name": "c"}, {"name": "d"}], "nodeName": "n1"},
    status={
        "phase": "Running",
        "podIPs": [{"ip": "10.0.0.1"}],
        "containerStatuses": [
            {
                "name": "c",
                "ready": True,
                "restartCount": 2,
                "state": {"running": {}},
                "lastState": {"terminated": {"finishedAt": "2026-01-31T09:20:00Z"}},
            },
            {"name": "d", "ready": False, "restartCount": 0, "state": {"running": {}}},
        ],
    },
)
EVENT = named(
    "e",
    type="Warning",
    reason="Failed",
    message="it broke\n",
    count=3,
    lastTimestamp="2026-01-31T09:24:00Z",
    firstTimestamp=CREATED,
    involvedObject={"kind": "Pod", "name": "p", "fieldPath": "spec"},
    source={"component": "kubelet", "host": "n1"},
)
CASES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "config map": (
        "v1",
        "ConfigMap",
        named("aws-auth", data={"mapRoles": "x"}, binaryData={"b": ""}),
        {"Name": "aws-auth", "Data": 2, "Age": "25m"},
        {},
    ),
    "secret": (
        "v1",
        "Secret",
        named("s", type="Opaque", data={"a": "", "b": ""}),
        {"Name": "s", "Type": "Opaque", "Data": 2, "Age": "25m"},
        {},
    ),
    "service account": ("v1", "ServiceAccount", named("sa"), {"Name": "sa", "Secrets": 0, "Age": "25m"}, {}),
    "namespace": (
        "v1",
        "Namespace",
        named("ns", status={"phase": "Active"}),
        {"Name": "ns", "Status": "Active", "Age": "25m"},
        {},
    ),
    "ready node": (
        "v1",
        "Node",
        NODE,
        {
            "Name": "ip-192-168-92-154",
            "Status": "Ready",
            "Roles": "<none>",
            "Age": "25m",
            "Version": "v1.23.13-eks-fb123a0",
        },
        {
            "Internal-IP": "192.168.92.154",
            "External-IP": "<none>",
            "OS-Image": "AL2",
            "Kernel-Version": "<unknown>",
            "Container-Runtime": "<unknown>",
        },
    ),
    "role": (RBAC, "Role", named("r"), {"Name": "r", "Created At": CREATED}, {}),
    "cluster role": (RBAC, "ClusterRole", named("r"), {"Name": "r", "Created At": CREATED}, {}),
    "role binding": (
        RBAC,
        "RoleBinding",
        BINDING,
        {"Name": "b", "Role": "ClusterRole/view", "Age": "25m"},
        {"Users": "u", "Groups": "g, h", "ServiceAccounts": "n/s"},
    ),
    "pod": (
        "v1",
        "Pod",
        POD,
        {"Name": "p", "Ready": "1/2", "Status": "Running", "Restarts": "2 (5m ago)", "Age": "25m"},
        {"IP": "10.0.0.1", "Node": "n1", "Nominated Node": "<none>", "Readiness Gates": "<none>"},
    ),
    "event": (
        "v1",
        "Event",
        EVENT,
        {"Last Seen": "60s", "Type": "Warning", "Reason": "Failed", "Object": "pod/p", "Message": "it broke"},
        {"Subobject": "spec", "Source": "kubelet, n1", "First Seen": "25m", "Count": 3, "Name": "e"},
    ),
}


@pytest.mark.parametrize(("version", "kind", "value", "narrow", "wide"), CASES.values(), ids=CASES.keys())
def test_cells(
    version: str, kind: str, value: dict[str, Any], narrow: dict[str, Any], wide: dict[str, Any]
) -> None:
    document: Any = table(resource(version, kind), [value], NOW)
    defined = document["columnDefinitions"]
    cells = dict(zip([d["name"] for d in defined], document["rows"][0]["cells"], strict=True))
    assert {d["name"]: cells[d["name"]] for d in defined if d["priority"] == 0} == narrow
    assert {d["name"]: cells[d["name"]] for d in defined if d["priority"] == 1} == wide


def pod(status: dict[str, Any], **metadata: str) -> dict[str, Any]:
    return {"metadata": {"name": "p", **metadata}, "spec": {"containers": [{}]}, "status": status}


def waiting(reason: str) -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": {"reason": reason}}}], "phase": "Pending"}


def ended(**facts: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"terminated": facts}}], "phase": "Failed"}


INIT = {
    "phase": "Pending",
    "initContainerStatuses": [{"state": {"terminated": {"exitCode": 0}}}, {"state": {}}],
}
STATES = {
    "phase alone": (pod({"phase": "Pending"}), "Pending"),
    "nothing known": (pod({}), "Unknown"),
    "reason before phase": (pod({"phase": "Failed", "reason": "Evicted"}), "Evicted"),
    "container waits": (pod(waiting("CreateContainerConfigError")), "CreateContainerConfigError"),
    "container ended with a reason": (pod(ended(exitCode=1, reason="Error")), "Error"),
    "container killed": (pod(ended(signal=9, exitCode=137)), "Signal:9"),
    "container ended without a reason": (pod(ended(exitCode=3)), "ExitCode:3"),
    "deleted": (pod({"phase": "Running"}, deletionTimestamp=CREATED), "Terminating"),
    "deleted but finished": (pod({"phase": "Succeeded"}, deletionTimestamp=CREATED), "Succeeded"),
    "second of two init containers": (
        {**pod(INIT), "spec": {"containers": [{}], "initContainers": [{}, {}]}},
        "Init:1/2",
    ),
    "init container failed": (
        pod({"initContainerStatuses": [{"state": {"terminated": {"exitCode": 2}}}]}),
        "Init:ExitCode:2",
    ),
    "init container waits": (
        pod({"initContainerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]}),
        "Init:ErrImagePull",
    ),
}


@pytest.mark.parametrize(("value", "shown"), STATES.values(), ids=STATES.keys())
def test_pod_status(value: dict[str, Any], shown: str) -> None:
    document: Any = table(resource("v1", "Pod"), [value], NOW)
    assert document["rows"][0]["cells"][2] == shown


NODES = {
    "not ready": ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, "NotReady", "<none>"),
    "no condition": ({}, "Unknown", "<none>"),
    "cordoned": (
        {"spec": {"unschedulable": True}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
        "Ready,SchedulingDisabled",
        "<none>",
    ),
    "roles": (
        {"metadata": {"labels": {"node-role.kubernetes.io/b": "", "kubernetes.io/role": "a"}}},
        "Unknown",
        "a,b",
    ),
}


@pytest.mark.parametrize(("value", "status", "roles"), NODES.values(), ids=NODES.keys())
def test_node_status_and_roles(value: dict[str, Any], status: str, roles: str) -> None:
    document: Any = table(resource("v1", "Node"), [value], NOW)
    assert document["rows"][0]["cells"][1:3] == [status, roles]


@pytest.mark.parametrize("found", REGISTRY.resources, ids=lambda r: f"{r.at.api_version}/{r.kind}")
def test_an_empty_object_has_a_row_and_every_cell_is_json(found: Resource) -> None:
    document: Any = table(found, [{}], NOW)
    assert len(document["rows"][0]["cells"]) == len(columns(found.group, found.kind))
    assert json.loads(json.dumps(document))["kind"] == "Table"


def test_rows_carry_what_was_asked_for() -> None:
    config_maps, value = resource("v1", "ConfigMap"), named("x", data={"a": "b"})
    rows = {i: table(config_maps, [value], NOW, include=i)["rows"] for i in IncludeObject}
    by_choice: dict[IncludeObject, Any] = rows
    assert by_choice[IncludeObject.NONE][0]["object"] is None
    assert by_choice[IncludeObject.OBJECT][0]["object"] == value
    assert by_choice[IncludeObject.METADATA][0]["object"] == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": value["metadata"],
    }


def test_later_watch_events_repeat_no_headers() -> None:
    value = named("x")
    document = table(resource("v1", "Pod"), [value], NOW, headers=False, metadata=single_metadata(value))
    assert document["columnDefinitions"] == []
    assert document["metadata"] == {"resourceVersion": "7"}


def test_partial_lists_hold_metadata_alone() -> None:
    document: Any = partial_list([named("x", data={"a": "b"})], {"resourceVersion": "9"})
    assert document["kind"] == "PartialObjectMetadataList"
    assert set(document["items"][0]) == {"kind", "apiVersion", "metadata"}


def test_include_object_is_a_closed_choice() -> None:
    assert IncludeObject.parse("") is IncludeObject.METADATA
    with pytest.raises(KubeError) as raised:
        IncludeObject.parse("Everything")
    assert raised.value.code == 400


DURATIONS = {
    -2: "<invalid>",
    -1: "0s",
    0: "0s",
    119: "119s",
    120: "2m",
    125: "2m5s",
    599: "9m59s",
    600: "10m",
    10799: "179m",
    10800: "3h",
    3 * 3600 + 60: "3h1m",
    8 * 3600 - 1: "7h59m",
    8 * 3600: "8h",
    48 * 3600 - 1: "47h",
    48 * 3600: "2d",
    49 * 3600: "2d1h",
    (6 * 24 + 6) * 3600: "6d6h",
    192 * 3600 - 1: "7d23h",
    192 * 3600: "8d",
    730 * 86400 - 1: "729d",
    730 * 86400: "2y",
    735 * 86400: "2y5d",
    8 * 365 * 86400 - 1: "7y364d",
    8 * 365 * 86400: "8y",
}


@pytest.mark.parametrize(("seconds", "text"), DURATIONS.items())
def test_durations_as_kubectl_prints_them(seconds: int, text: str) -> None:
    assert human(timedelta(seconds=seconds)) == text


def test_an_unreadable_timestamp_has_no_age() -> None:
    assert age("", NOW) == "<unknown>"


KUBECTL_GET = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,"
    "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)
ACCEPTS = {
    "nothing": ("", Representation()),
    "anything": ("*/*", Representation()),
    "kubectl get": (KUBECTL_GET, Representation(Form.TABLE, "v1")),
    "older table": (
        "application/json;as=Table;v=v1beta1;g=meta.k8s.io",
        Representation(Form.TABLE, "v1beta1"),
    ),
    "unknown table version falls through": (
        "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
        Representation(),
    ),
    "protobuf is answered in JSON": (
        "application/vnd.kubernetes.protobuf,application/json",
        Representation(),
    ),
    "metadata client": (
        "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        Representation(Form.PARTIAL_LIST, "v1"),
    ),
    "quality orders": (
        "application/json;q=0.5, application/yaml",
        Representation(media_type="application/yaml"),
    ),
    "quality zero excludes": ("application/yaml;q=0, application/json", Representation()),
}


@pytest.mark.parametrize(("accept", "expected"), ACCEPTS.values(), ids=ACCEPTS.keys())
def test_negotiation(accept: str, expected: Representation) -> None:
    assert negotiate(accept) == expected


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", ";;,", "application/json;as=Chair"])
def test_what_is_not_produced_is_406(accept: str) -> None:
    with pytest.raises(KubeError) as raised:
        negotiate(accept)
    assert raised.value.code == 406

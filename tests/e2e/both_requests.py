"""HTTP requests that the lab and a real kube-apiserver have to answer alike, in sequences by subject.

Each sequence has a namespace of its own: ``NS`` in a path or a body stands for it, and cluster-wide
objects are named after it.
"""

# ruff: noqa: E501 - a request per line, as long as it is: the tables are read across

from typing import Any, NamedTuple

CORE = "/api/v1"
MAPS = "/api/v1/namespaces/NS/configmaps"
SECRETS = "/api/v1/namespaces/NS/secrets"
ACCOUNTS = "/api/v1/namespaces/NS/serviceaccounts"
SPACES = "/api/v1/namespaces"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES = f"{RBAC}/namespaces/NS/roles"
BINDINGS = f"{RBAC}/namespaces/NS/rolebindings"
CLUSTER_ROLES = f"{RBAC}/clusterroles"
CLUSTER_BINDINGS = f"{RBAC}/clusterrolebindings"
GROUP = "rbac.authorization.k8s.io"
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"
JSON, MERGE, STRATEGIC = (
    f"application/{name}+json" for name in ("json-patch", "merge-patch", "strategic-merge-patch")
)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
STRICT = "?fieldValidation=Strict"


class Ask(NamedTuple):
    """One request."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


def get(path: str, accept: str = "application/json", **headers: str) -> Ask:
    return Ask("GET", path, None, {"accept": accept, **headers})


def post(path: str, body: Any, **headers: str) -> Ask:
    return Ask("POST", path, body, headers)


def put(path: str, body: Any) -> Ask:
    return Ask("PUT", path, body)


def patch(path: str, body: Any, kind: str = MERGE) -> Ask:
    return Ask("PATCH", path, body, {"content-type": kind})


def delete(path: str, body: Any = None) -> Ask:
    return Ask("DELETE", path, body)


def named(name: Any, **members: Any) -> dict[str, Any]:
    """Return an object; members of its metadata begin with an underscore."""
    metadata = {key[1:]: value for key, value in members.items() if key.startswith("_")}
    rest = {key: value for key, value in members.items() if not key.startswith("_")}
    return {"metadata": {"name": name, **metadata}, **rest}


def anything(*values: Any) -> tuple[Any, ...]:
    """Return bodies of whatever shape."""
    return values


def role(name: str, *rules: Any, **members: Any) -> dict[str, Any]:
    return named(name, rules=list(rules), **members)


def binding(name: str, ref: Any, *subjects: Any, **members: Any) -> dict[str, Any]:
    return named(name, roleRef=ref, subjects=list(subjects), **members)


READ = {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}
REF = {"apiGroup": GROUP, "kind": "ClusterRole", "name": "view"}
ANA = {"apiGroup": GROUP, "kind": "User", "name": "ana"}

BAD_NAMES = (
    "", "Upper", "under_score", "-dash", "dash-", "a..b", ".", "..", "a/b", "a%b", "x" * 64, "x" * 254,
    "dot.ted", "sp ace", "ü", "a" * 63, "a.-b",
)  # fmt: skip
BAD_LABELS: tuple[tuple[str, Any], ...] = (
    ("", "x"), ("a b", "x"), ("/x", "x"), ("x/", "x"), ("a/b/c", "x"), ("Up.Per/x", "x"), ("x" * 64, "x"),
    ("p" * 254 + "/x", "x"), ("ok", "a b"), ("ok", "-a"), ("ok", "x" * 64), ("ok", ""), ("ok", "ü"), ("-ok", "x"),
    ("ok", None), ("ok", 1), ("example.com/ok_1", "A.b_c"),
)  # fmt: skip
BAD_KEYS = ("", ".", "..", "..x", "a b", "a/b", "x" * 254, "ok", ".ok", "ü")

RULES: tuple[Any, ...] = (
    {}, {"verbs": []}, {"verbs": ["get"]}, {"verbs": ["get"], "apiGroups": [""]},
    {"verbs": ["get"], "resources": ["pods"]},
    {"verbs": ["get"], "nonResourceURLs": ["/x"]},
    {"verbs": ["get"], "nonResourceURLs": ["/x"], "apiGroups": [""], "resources": ["pods"]},
    {"verbs": [], "nonResourceURLs": ["/x"], "resourceNames": ["a"]},
    {"verbs": ["get"], "apiGroups": [], "resources": [], "resourceNames": ["a"]},
    {"verbs": ["get"], "nonResourceURLs": ["x", "*", "/a/*/b"]},
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": [""], "apiGroups": [""], "resources": [""]},
    {"verbs": "get"}, {"verbs": [1], "apiGroups": [""], "resources": ["pods"]}, "rule", None,
    {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": []},
    {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "verb": ["x"]},
)  # fmt: skip
REFS: tuple[Any, ...] = (
    None, {}, {"kind": "ClusterRole", "name": "view"}, {"apiGroup": "x", "kind": "ClusterRole", "name": "view"},
    {"apiGroup": GROUP, "kind": "Role", "name": "r"}, {"apiGroup": GROUP, "kind": "Group", "name": "r"},
    {"apiGroup": GROUP, "kind": "ClusterRole", "name": ""}, {"apiGroup": GROUP, "kind": "ClusterRole", "name": "a/b"},
    {"apiGroup": GROUP, "kind": "ClusterRole", "name": "missing"},
    {"apiGroup": GROUP, "kind": "ClusterRole", "name": ".."}, "view",
)  # fmt: skip
SUBJECTS: tuple[Any, ...] = (
    {}, {"kind": "User"}, {"kind": "User", "name": "a"}, {"kind": "User", "name": "a", "apiGroup": "x"},
    {"kind": "Group", "apiGroup": GROUP}, {"kind": "Group", "name": "g", "apiGroup": ""},
    {"kind": "ServiceAccount", "name": "sa"}, {"kind": "ServiceAccount", "name": "S A", "namespace": "x"},
    {"kind": "ServiceAccount", "namespace": "x"}, {"kind": "ServiceAccount", "name": "sa", "namespace": ""},
    {"kind": "ServiceAccount", "name": "sa", "namespace": "NS", "apiGroup": GROUP},
    {"kind": "ServiceAccount", "name": "sa", "namespace": "NS", "apiGroup": "v1"},
    {"kind": "Robot", "name": "r"}, {"kind": "user", "name": "r", "apiGroup": GROUP}, "ana", None,
    {"kind": "User", "name": "a", "namespace": "x"}, {"kind": "User", "name": "a:b/c d"},
)  # fmt: skip
REVIEWS: tuple[Any, ...] = (
    None, {}, {"user": "ana"}, {"user": "ana", "resourceAttributes": None},
    {"resourceAttributes": {"verb": "get", "resource": "pods"}},
    {"user": "ana", "resourceAttributes": {"verb": "get", "resource": "pods"}},
    {"user": "ana", "resourceAttributes": {"verb": "get", "resource": "pods"}, "nonResourceAttributes": {"path": "/x", "verb": "get"}},
    {"user": "ana", "nonResourceAttributes": {"path": "/healthz", "verb": "get"}},
    {"user": "ana", "nonResourceAttributes": {"path": "/version", "verb": "get"}},
    {"user": "ana", "groups": ["system:masters"], "nonResourceAttributes": {"path": "/x", "verb": "get"}},
    {"groups": ["system:authenticated"], "nonResourceAttributes": {"path": "/version", "verb": "get"}},
    {"user": "ana", "groups": ["system:masters"], "resourceAttributes": {"verb": "get", "resource": "pods"}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "get", "resource": "pods"}},
    {"user": "system:serviceaccount:kube-system:both", "resourceAttributes": {"namespace": "NS", "verb": "get", "resource": "pods"}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "list", "resource": "pods", "labelSelector": {"rawSelector": "a=b"}}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "list", "resource": "pods", "labelSelector": {}}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "list", "resource": "pods", "labelSelector": {"requirements": [{"key": "a", "operator": "In"}]}}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "list", "resource": "pods", "labelSelector": {"rawSelector": "a=b", "requirements": [{"key": "a", "operator": "Exists"}]}}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "list", "resource": "pods", "labelSelector": {"requirements": [{"key": "a b", "operator": "Is", "values": ["x"]}]}}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "list", "resource": "pods", "fieldSelector": {"requirements": [{"key": "metadata.name", "operator": "In", "values": ["x", "y"]}]}}},
    {"user": "ana", "resourceAttributes": {"namespace": "NS", "verb": "list", "resource": "pods", "fieldSelector": {"rawSelector": "metadata.name=x"}}},
    {"user": 1, "resourceAttributes": {"verb": "get"}}, {"user": "ana", "resourceAttributes": "x"},
    {"user": "ana", "groups": "g", "resourceAttributes": {}}, {"user": "ana", "groups": ["g"], "resourceAttributes": {}},
    {"user": "ana", "extra": {"k": ["v"]}, "uid": "u", "resourceAttributes": {"verb": "*", "resource": "*", "group": "*"}},
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    "", "{", "[]", "null", '"x"', "1", "{}", '{"metadata":{}}', '{"metadata":[]}', '{"metadata":{"name":1}}',
    '{"metadata":{"name":"a"},"data":[]}', '{"metadata":{"name":"a"},"data":{"k":1}}',
    '{"metadata":{"name":"a"},"data":{"k":{}}}', '{"metadata":{"name":"shape-null"},"data":null}',
    '{"metadata":{"name":"a"},"binaryData":{"k":"no base64!"}}', '{"metadata":{"name":"a"},"immutable":"yes"}',
    '{"kind":"Secret","metadata":{"name":"a"}}', '{"apiVersion":"v2","metadata":{"name":"a"}}',
    '{"apiVersion":"apps/v1","kind":"ConfigMap","metadata":{"name":"a"}}',
    '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}}',
    '{"apiVersion":"v1","kind":"Nothing","metadata":{"name":"a"}}',
    '{"apiVersion":"v1","metadata":{"name":"shape-1"}}', '{"kind":"ConfigMap","metadata":{"name":"shape-2"}}',
    '{"apiVersion":1,"kind":"ConfigMap","metadata":{"name":"a"}}', '{"apiVersion":"v1","kind":{},"metadata":{"name":"a"}}',
    '{"metadata":{"name":"a","namespace":"other"}}', '{"metadata":{"name":"shape-3","namespace":""}}',
    '{"metadata":{"name":"shape-4","uid":"mine","resourceVersion":"","creationTimestamp":null}}',
    '{"metadata":{"name":"a","resourceVersion":"5"}}', '{"metadata":{"name":"a","creationTimestamp":"yesterday"}}',
    '{"metadata":{"name":"a","labels":[]}}', '{"metadata":{"name":"a","labels":{"a":1}}}', '{"metadata":"x"}',
    '{"metadata":{"name":"a","finalizers":["x"]}}', '{"metadata":{"name":"a","finalizers":[1]}}',
    '{"metadata":{"name":"a","ownerReferences":[{}]}}',
    '{"metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}]}}',
    '{"metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"e","uid":"u","controller":true},{"apiVersion":"v1","kind":"Pod","name":"f","uid":"w","controller":true}]}}',
    '{"metadata":{"name":"shape-5","unknown":1},"more":{}}', '{"metadata":{"name":"a"},"metadata":{"name":"shape-6"}}',
    '{"metadata":{"name":"shape-7"},"Data":{"k":"v"}}', '{"metadata":{"name":"a"}} trailing',
    '{"metadata":{"generateName":"generated-"}}', '{"metadata":{"generateName":"Gen_"}}',
    '{"metadata":{"name":"a","managedFields":[{"manager":"x","operation":"Nope"}]}}',
    '{"metadata":{"name":"a","selfLink":"x","annotations":{"A B":"x","ok":"y"}}}',
)  # fmt: skip

SEQUENCES: dict[str, list[Ask]] = {
    "names of ConfigMaps": [post(MAPS, named(name)) for name in BAD_NAMES],
    "names of Secrets": [post(SECRETS, named(name)) for name in BAD_NAMES],
    "names of service accounts": [post(ACCOUNTS, named(name)) for name in BAD_NAMES],
    "names of namespaces": [
        post(SPACES + "?dryRun=All", named(name)) for name in (*BAD_NAMES, "NS-1", "a.b", "default", "1")
    ],
    "names of roles": [post(ROLES, role(name, READ)) for name in (*BAD_NAMES, "a:b")],
    "names of role bindings": [post(BINDINGS, binding(name, REF)) for name in (*BAD_NAMES, "a:b")],
    "labels": [post(MAPS + "?dryRun=All", named("labels", _labels={k: v})) for k, v in BAD_LABELS],
    "annotations": [post(MAPS + "?dryRun=All", named("notes", _annotations={k: v})) for k, v in BAD_LABELS]
    + [post(MAPS + "?dryRun=All", named("notes", _annotations={"a": "x" * size})) for size in (262143, 262144)],
    "many faults at once": [
        post(MAPS, named("A", _labels={"a b": "c d"}, _annotations={"/": ""}, data={"..": ""})),  # of two keys the server takes either first
        post(ROLES, role("a/b", {}, {"verbs": []}, _labels={"a b": "c"})),
        post(BINDINGS, binding("a/b", {}, {}, {"kind": "X"})),
        post(BINDINGS, binding("a/b", {"kind": "ClusterRole", "apiGroup": "x"}, {}, {"kind": "X"}, {"kind": "ServiceAccount"})),
        post(CLUSTER_BINDINGS, binding("NS", {"kind": "ClusterRole"}, {"kind": "ServiceAccount"}, {"kind": "User"})),
    ],
    "keys of ConfigMaps": [post(MAPS + "?dryRun=All", named("keys", data={key: "v"})) for key in BAD_KEYS]
    + [
        post(MAPS + "?dryRun=All", named("keys", binaryData={key: "dg=="})) for key in BAD_KEYS
    ]
    + [post(MAPS + "?dryRun=All", named("keys", data={"a": "x"}, binaryData={"a": "eA=="}))],
    "sizes": [
        post(MAPS + "?dryRun=All", named("big", data={"a": "x" * size})) for size in (1048576, 1048577, 1100000)
    ]
    + [post(SECRETS + "?dryRun=All", named("big", stringData={"a": "x" * size})) for size in (1048576, 1048577)],
    "keys of Secrets": [post(SECRETS + "?dryRun=All", named("keys", data={key: "dg=="})) for key in BAD_KEYS],
    "types of Secrets": [
        post(SECRETS + "?dryRun=All", named("typed", **members))
        for members in (
            {"type": "kubernetes.io/service-account-token"},
            {"type": "kubernetes.io/service-account-token", "_annotations": {"kubernetes.io/service-account.name": "default"}},
            {"type": "kubernetes.io/dockercfg"}, {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": "eA=="}},
            {"type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": "{}"}},
            {"type": "kubernetes.io/dockerconfigjson"},
            {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{"}},
            {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{}"}},
            {"type": "kubernetes.io/basic-auth"}, {"type": "kubernetes.io/basic-auth", "stringData": {"username": "u"}},
            {"type": "kubernetes.io/ssh-auth"}, {"type": "kubernetes.io/ssh-auth", "stringData": {"ssh-privatekey": ""}},
            {"type": "kubernetes.io/tls"}, {"type": "kubernetes.io/tls", "stringData": {"tls.key": ""}},
            {"type": "mine"}, {"type": ""}, {"data": {"a": "not base64"}}, {"data": {"a": "YQ"}}, {"data": {"a": None}},
            {"stringData": {"a": None}}, {"stringData": {"a": "x"}, "data": {"a": "eQ=="}}, {"stringData": {"a b": "x"}},
        )
    ],
    "rules of roles": [post(ROLES + "?dryRun=All", role("rules", rule)) for rule in RULES],
    "rules of cluster roles": [post(CLUSTER_ROLES + "?dryRun=All", role("NS-rules", rule)) for rule in RULES],
    "aggregation": [
        post(CLUSTER_ROLES + "?dryRun=All", named("NS-sum", aggregationRule=given))
        for given in anything(
            {}, None, {"clusterRoleSelectors": []}, {"clusterRoleSelectors": [{}]},
            {"clusterRoleSelectors": [{"matchLabels": {"a b": "c"}}]},
            {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]},
            {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]}]},
            {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "Is", "values": ["x"]}]}]},
            {"clusterRoleSelectors": [{"matchExpressions": [{"key": "", "operator": "Exists"}]}]},
            {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]},
        )
    ],
    "role references": [post(BINDINGS + "?dryRun=All", binding("refs", ref)) for ref in REFS],
    "cluster role references": [
        post(CLUSTER_BINDINGS + "?dryRun=All", binding("NS-refs", ref)) for ref in REFS
    ],
    "subjects": [post(BINDINGS + "?dryRun=All", binding("who", REF, subject)) for subject in SUBJECTS],
    "subjects of cluster role bindings": [
        post(CLUSTER_BINDINGS + "?dryRun=All", binding("NS-who", REF, subject)) for subject in SUBJECTS
    ],
    "shapes of bodies": [post(MAPS, shape) for shape in SHAPES],
    "shapes of bodies, strictly": [post(MAPS + STRICT + "&dryRun=All", shape) for shape in SHAPES],
    "query parameters": [
        post(MAPS + query, named("q"))
        for query in ("?dryRun=Some", "?fieldValidation=Loose", "?dryRun=All&dryRun=All", "?fieldManager=" + "x" * 129,
                      "?fieldManager=a%00b", "?pretty=true", "?dryRun=")
    ]
    + [get(MAPS + query) for query in ("?limit=x", "?limit=-1", "?labelSelector=a+b", "?labelSelector=a+in+()", "?labelSelector=a%3D%3Db,!c",
       "?labelSelector=%3D", "?labelSelector=a+notin+(b)", "?labelSelector=a>1", "?labelSelector=a>b", "?fieldSelector=a",
       "?fieldSelector=data.a%3Db", "?fieldSelector=metadata.name%3Dq", "?fieldSelector=metadata.namespace%3DNS", "?fieldSelector=metadata.name!%3Dq",
       "?continue=x", "?resourceVersion=x", "?resourceVersion=0", "?resourceVersionMatch=Exact", "?resourceVersion=1&resourceVersionMatch=Nope",
       "?resourceVersion=0&resourceVersionMatch=Exact", "?sendInitialEvents=true", "?timeoutSeconds=x", "?watch=maybe&limit=1&timeoutSeconds=1")]
    + [get(SECRETS + "?fieldSelector=type%3DOpaque"), get(SECRETS + "?fieldSelector=type%3Dx,metadata.name%3Dy"),
       get(f"{SPACES}?fieldSelector=status.phase%3DGone"), get(f"{SPACES}?fieldSelector=spec.x%3DGone"),
       get("/api/v1/namespaces/NS/events?fieldSelector=involvedObject.kind%3DPod,reason%3DX,type!%3DNormal,source%3Dx"),
       get("/api/v1/namespaces/NS/pods?fieldSelector=spec.nodeName%3Dx,status.phase%3DRunning,spec.serviceAccountName%3Dx"),
       get("/api/v1/namespaces/NS/pods?fieldSelector=spec.image%3Dx"), get(ROLES + "?fieldSelector=rules%3Dx"), get(ACCOUNTS + "?fieldSelector=secrets%3Dx")],
    "one object's life": [
        post(MAPS, named("life", data={"a": "1"}, _labels={"app": "x"})), post(MAPS, named("life")), get(f"{MAPS}/life"),
        put(f"{MAPS}/life", named("other")), put(f"{MAPS}/life", named("life", _resourceVersion="1")),
        put(f"{MAPS}/life", named("life", _uid="11111111-1111-1111-1111-111111111111")), put(f"{MAPS}/life", named("life", _namespace="other")),
        put(f"{MAPS}/life", {"data": {"a": "2"}}), put(f"{MAPS}/life", named("life", data={"a": "2"}, _labels={"app": "y"})),
        put(f"{MAPS}/life", named("life", _resourceVersion="x")), put(f"{MAPS}/gone", named("gone")), put(MAPS, named("life")),
        Ask("DELETE", f"{MAPS}/life", {"preconditions": {"uid": "11111111-1111-1111-1111-111111111111"}}), delete(f"{MAPS}/life", {"preconditions": {"resourceVersion": "1"}}),
        delete(f"{MAPS}/life", "{"), delete(f"{MAPS}/life", {"kind": "ConfigMap"}), delete(f"{MAPS}/life?propagationPolicy=Sideways"),
        delete(f"{MAPS}/life", {"gracePeriodSeconds": -1}), delete(f"{MAPS}/life", {"propagationPolicy": "Nope"}), delete(f"{MAPS}/life", {"orphanDependents": True, "propagationPolicy": "Orphan"}),
        delete(f"{MAPS}/life?dryRun=All"), delete(f"{MAPS}/life?dryRun=Nope"), get(f"{MAPS}/life"), delete(f"{MAPS}/life"), delete(f"{MAPS}/life"), get(f"{MAPS}/life"),
        get("/api/v1/namespaces/nowhere/configmaps"), post("/api/v1/namespaces/nowhere/configmaps", named("a")), get("/api/v1/namespaces/nowhere/configmaps/a"),
        get("/api/v1/namespaces/nowhere"), post("/api/v1/configmaps", named("a")), post(f"{MAPS}/x", named("x")), get("/api/v1/nothings"), get("/apis/none/v1/x"), get("/api/v1/namespaces/NS/configmaps/a/status"),
        post("/api/v1/namespaces/NS/nothings", named("a")), Ask("OPTIONS", MAPS), Ask("HEAD", MAPS), Ask("PATCH", MAPS, {}, {"content-type": MERGE}), Ask("TRACE", MAPS),
    ],
    "update of namespaces, secrets and accounts": [
        post(SPACES, named("NS-space", _labels={"kubernetes.io/metadata.name": "other"})), put(f"{SPACES}/NS-space", named("NS-space")),
        patch(f"{SPACES}/NS-space", {"metadata": {"labels": {"kubernetes.io/metadata.name": None, "a": "b"}}}), patch(f"{SPACES}/NS-space", {"spec": {"finalizers": []}}),
        patch(f"{SPACES}/NS-space", {"status": {"phase": "Gone"}}), delete(SPACES), get(f"{SPACES}/NS-space"), get(f"{SPACES}/NS-space/status"),
        post(SECRETS, named("s", type="mine", stringData={"a": "x"})), put(f"{SECRETS}/s", named("s", data={"a": "eQ=="})), put(f"{SECRETS}/s", named("s", type="other")),
        put(f"{SECRETS}/s", named("s", type="mine", immutable=True, data={"a": "eA=="})), patch(f"{SECRETS}/s", {"stringData": {"b": "c"}}), patch(f"{SECRETS}/s", {"immutable": False}), patch(f"{SECRETS}/s", {"immutable": None, "data": None}),
        patch(f"{SECRETS}/s", {"metadata": {"labels": {"still": "fine"}}}), post(MAPS, named("m", immutable=True, data={"a": "1"})), patch(f"{MAPS}/m", {"data": {"a": "2"}, "binaryData": {"b": "eA=="}}),
        post(ACCOUNTS, named("sa", secrets=[{"name": "x"}], imagePullSecrets=[{"name": "y"}], automountServiceAccountToken=False)), put(f"{ACCOUNTS}/sa", named("sa")),
        patch(f"{ACCOUNTS}/sa", {"secrets": [{"name": "a"}, {"name": "b"}]}, STRATEGIC), patch(f"{ACCOUNTS}/sa", {"secrets": [{"name": "b", "$patch": "delete"}]}, STRATEGIC),
        patch(f"{ACCOUNTS}/sa", {"automountServiceAccountToken": "no"}), delete(f"{ACCOUNTS}/sa"), delete(f"{SPACES}/default"), delete(f"{SPACES}/kube-system"),
    ],
    "patches": [
        post(MAPS, named("p", data={"a": "1", "b": "2"})), patch(f"{MAPS}/p", {"data": {"a": None, "c": "3"}}), patch(f"{MAPS}/p", {"data": {"a": 1}}), patch(f"{MAPS}/p", "{"), patch(f"{MAPS}/p", "[]"),
        patch(f"{MAPS}/p", "null"), patch(f"{MAPS}/p", "1"), patch(f"{MAPS}/p", {}, "application/nothing"), patch(f"{MAPS}/p", {}, "application/json"), patch(f"{MAPS}/gone", {"data": {"a": "1"}}), patch(f"{MAPS}/p", {"metadata": {"name": "q"}}), patch(f"{MAPS}/p", {"metadata": {"namespace": "q"}}),
        patch(f"{MAPS}/p", {"metadata": {"uid": "11111111-1111-1111-1111-111111111111"}}), patch(f"{MAPS}/p", {"metadata": {"resourceVersion": "1"}}), patch(f"{MAPS}/p", {"kind": "Secret"}), patch(f"{MAPS}/p", {"apiVersion": "v2"}), patch(f"{MAPS}/p", {"metadata": {"creationTimestamp": None}}),
        patch(f"{MAPS}/p" + STRICT, {"more": 1}), patch(f"{MAPS}/p", {"more": 1}), patch(f"{MAPS}/p", {"metadata": {"labels": {"a b": "c"}}}), patch(f"{MAPS}/p", {"metadata": None}),
        *(patch(f"{MAPS}/p", body, JSON) for body in anything(
            [{"op": "add", "path": "/data/d", "value": "4"}], [{"op": "remove", "path": "/data/none"}], [{"op": "test", "path": "/data/d", "value": "5"}], [{"op": "replace", "path": "/none/x", "value": "1"}],
            [{"op": "move", "from": "/data/d", "path": "/data/e"}], [{"op": "copy", "from": "/data/e", "path": "/data/f"}], [{"op": "jump", "path": "/data/e"}], [{"op": "add", "path": "data", "value": 1}], [{"op": "add", "path": "/data/x"}], [{}], {}, "[", [1],
            [{"op": "replace", "path": "/data/none", "value": "1"}], [{"op": "add", "path": "/data/n", "value": 1}], [{"op": "remove", "path": "/data"}], [{"op": "add", "path": "/data/z", "value": "1"}], [])),
        *(patch(f"{MAPS}/p", body, STRATEGIC) for body in anything({"data": {"s": "1"}}, {"data": {"$patch": "replace", "t": "1"}}, {"data": None}, {"$patch": "delete"}, {"$patch": "nope"}, {"data": []}, {"metadata": {"labels": {"a": 1}}}, {"data": {"n": 1}}, "[]")),
        patch(f"{MAPS}/p?fieldManager=me&force=true", {"data": {"a": "1"}}), get(f"{MAPS}/p"), patch(f"{MAPS}/p?dryRun=All", {"data": {"dry": "1"}}), get(f"{MAPS}/p"),
    ],
    "life of RBAC objects": [
        post(ROLES, role("r", READ)), put(f"{ROLES}/r", role("r")), put(f"{ROLES}/made", role("made", READ)), put(f"{ROLES}/made2", role("other", READ)), patch(f"{ROLES}/r", {"rules": [{}]}), patch(f"{ROLES}/r", {"rules": None}), get(f"{ROLES}/r"), patch(f"{ROLES}/r", {"rules": []}), get(f"{ROLES}/r"),
        post(BINDINGS, binding("b", REF, ANA)), put(f"{BINDINGS}/b", binding("b", {"apiGroup": GROUP, "kind": "Role", "name": "r"}, ANA)), put(f"{BINDINGS}/b", {"metadata": {"name": "b"}, "roleRef": REF}), patch(f"{BINDINGS}/b", {"roleRef": {"name": "edit"}}), patch(f"{BINDINGS}/b", {"subjects": [{"kind": "User", "name": "bob"}]}, STRATEGIC), patch(f"{BINDINGS}/b", {"subjects": None}), get(f"{BINDINGS}/b"),
        post(CLUSTER_BINDINGS, binding("NS-b", REF, ANA)), patch(f"{CLUSTER_BINDINGS}/NS-b", {"roleRef": {"kind": "Role"}}), post(CLUSTER_ROLES, role("NS-r", READ, _labels={"NS": "x"})), post(CLUSTER_ROLES, named("NS-s", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"NS": "x"}}]})),
        post(CLUSTER_ROLES, {"metadata": {"name": "NS-n"}}), get(f"{CLUSTER_ROLES}/NS-n"), post(BINDINGS, {"metadata": {"name": "n"}, "roleRef": REF}), get(f"{BINDINGS}/n"),
        delete(ROLES + "?labelSelector=a%3Db"), delete(f"{CLUSTER_ROLES}/NS-s"), delete(f"{CLUSTER_ROLES}/NS-n"), delete(f"{CLUSTER_ROLES}/NS-gone"), delete(ROLES), get(ROLES), delete(f"{CLUSTER_ROLES}?labelSelector=NS%3Dx"), delete(f"{CLUSTER_BINDINGS}/NS-b"),
    ],
    "SubjectAccessReview": [post(f"{AUTHORIZATION}/subjectaccessreviews", {"spec": spec}) for spec in REVIEWS]
    + [post(f"{AUTHORIZATION}/subjectaccessreviews", body) for body in ({}, {"metadata": {"name": "x"}, "spec": REVIEWS[5]}, {"metadata": {"labels": {"a": "b"}}, "spec": REVIEWS[5]}, "[]", {"kind": "Pod"}, {"spec": REVIEWS[5], "status": {"allowed": True}})]
    + [get(f"{AUTHORIZATION}/subjectaccessreviews"), put(f"{AUTHORIZATION}/subjectaccessreviews/x", {}), delete(f"{AUTHORIZATION}/subjectaccessreviews")],
    "SelfSubjectAccessReview": [post(f"{AUTHORIZATION}/selfsubjectaccessreviews", {"spec": spec}) for spec in REVIEWS],
    "LocalSubjectAccessReview": [post(f"{AUTHORIZATION}/namespaces/NS/localsubjectaccessreviews", {"spec": spec}) for spec in REVIEWS]
    + [post(f"{AUTHORIZATION}/namespaces/NS/localsubjectaccessreviews", {"metadata": {"namespace": given}, "spec": REVIEWS[12]}) for given in ("NS", "other", "")],
    "SelfSubjectRulesReview": [
        post(f"{AUTHORIZATION}/selfsubjectrulesreviews", {"spec": spec}, **{"Impersonate-User": "nobody"}) for spec in (None, {}, {"namespace": ""}, {"namespace": "NS"}, {"namespace": 1}, {"namespace": "nowhere"})
    ],
    "TokenReview": [post(f"{AUTHENTICATION}/tokenreviews", {"spec": spec}) for spec in (None, {}, {"token": ""}, {"token": 1}, {"token": "x", "audiences": "x"})]
    + [post(f"{AUTHENTICATION}/tokenreviews", body) for body in ("{", {"metadata": {"name": "x"}, "spec": {"token": ""}}, {"kind": "Pod"})],
    "SelfSubjectReview": [
        post(f"{AUTHENTICATION}/selfsubjectreviews", body, **{"Impersonate-User": "ana", "Impersonate-Uid": "u", "Impersonate-Extra-Acme.io%2fteam": "x"}) for body in ({}, {"metadata": {"name": "x"}}, {"status": {"userInfo": {"username": "eve"}}})
    ],
    "token requests": [
        post(f"{ACCOUNTS}/{name}/token", body)
        for name, body in (
            ("default", {}), ("default", {"spec": {}}), ("default", {"spec": {"expirationSeconds": 599}}), ("default", {"spec": {"expirationSeconds": 600}}), ("default", {"spec": {"expirationSeconds": 1 << 33}}), ("default", {"spec": {"audiences": "x"}}),
            ("default", {"spec": {"audiences": ["x"]}}), ("missing", {"spec": {}}), ("default", {"metadata": {"name": "other"}}), ("default", {"metadata": {"namespace": "other"}}), ("default", {"spec": {"boundObjectRef": {"kind": "Pod", "name": "none"}}}),
            ("default", {"spec": {"boundObjectRef": {"kind": "Secret", "name": "none", "apiVersion": "v1"}}}), ("default", {"spec": {"boundObjectRef": {"kind": "ConfigMap", "name": "none", "apiVersion": "v1"}}}), ("default", {"spec": {"boundObjectRef": {}}}), ("default", "{"), ("default", {"kind": "Pod"}),
        )
    ]
    + [get(f"{ACCOUNTS}/default/token"), delete(f"{ACCOUNTS}/default/token")],
    "tables and metadata": [
        post(MAPS, named("t", data={"a": "1"}, _labels={"a": "b"})), *(get(path, accept) for accept in (TABLE, PARTIAL, PARTIAL_LIST, "text/html", "application/yaml", "*/*", "application/json;as=Nope;v=v1;g=meta.k8s.io") for path in (f"{MAPS}/t", f"{MAPS}?labelSelector=a")),
        get(f"{MAPS}?labelSelector=a&includeObject=None", TABLE), get(f"{MAPS}?labelSelector=a&includeObject=Object", TABLE), get(f"{MAPS}?includeObject=Nope", TABLE), *(get(f"{path}?labelSelector=none", TABLE) for path in (SECRETS, ACCOUNTS, ROLES, BINDINGS, SPACES, CLUSTER_ROLES, CLUSTER_BINDINGS, "/api/v1/namespaces/NS/pods", "/api/v1/namespaces/NS/events", "/api/v1/nodes")),
        post(MAPS, named("t2"), accept=TABLE), delete(f"{MAPS}/t2"), *(get(f"{path}?labelSelector=none") for path in (SECRETS, ROLES, CLUSTER_ROLES, SPACES)),
    ],
    "watches": [
        get(f"{MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dkube-root-ca.crt"), get(f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersion=x"), get(f"{MAPS}?watch=1&timeoutSeconds=1&sendInitialEvents=true"), get(f"{MAPS}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"), get(f"{MAPS}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion="),
        get(f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersionMatch=NotOlderThan"), get("/api/v1/watch/namespaces/NS/configmaps?timeoutSeconds=1&labelSelector=none"),
    ],
}  # fmt: skip

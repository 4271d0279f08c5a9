"""kubectl commands that have to print the same against the lab and a real kube-apiserver, by subject.

A command is its words, split at blanks; what follows a newline is its standard input. ``NS`` is the
namespace of the subject, which every command works in, and part of the names of cluster-wide objects.
"""

MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: shop, tier: front}, annotations: {note: first}}
data: {colour: red, size: "4"}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: password, labels: {app: shop}}
type: Opaque
stringData: {word: open sesame}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: shop}}
spec: {containers: [{name: main, image: "example.com/web:1"}], serviceAccountName: default}
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, labels: {app: shop}}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [get, list]}
- {apiGroups: [""], resources: [secrets], resourceNames: [password], verbs: [get]}
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: User, name: ana, apiGroup: rbac.authorization.k8s.io}
- {kind: Group, name: ops, apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: default, namespace: NS}
"""
APPLY_ON_THE_SERVER = f"apply --server-side -f - \n{MAP}"

SUBJECTS: dict[str, list[str]] = {
    "reading": [
        f"create -f -\n{MAP}---\n{SECRET}---\n{ROLE}---\n{BINDING}",
        "get configmaps,secrets,roles,rolebindings,serviceaccounts -o name",
        "get cm -o wide --show-labels",
        "get configmap settings -o yaml",
        "get cm -l app=shop -o json",
        "get secret password -o jsonpath={.data.word}",
        "get secrets",
        "get roles,rolebindings -o wide",
        "get cm -o custom-columns=NAME:.metadata.name,COLOUR:.data.colour --sort-by=.metadata.name",
        "get cm --field-selector metadata.name=settings --no-headers",
        "get cm -l app=nothing",
        "get cm --chunk-size=1 -L app",
        "get configmap missing",
        "get configmap settings missing -o name",
        "get role missing --ignore-not-found",
        "get nothings",
        "get cm -l a=b=c",
        "get cm --field-selector data.x=y",
        "get namespace NS -o yaml",
        "describe configmap settings",
        "describe secret password",
        "describe role reader",
        "describe rolebinding reader",
        "describe namespace NS",
        "describe serviceaccount default",
        "describe clusterrole system:discovery",
        "describe clusterrolebinding system:discovery",
        "get clusterrole system:basic-user -o yaml",
        "get pods",
        "get events",
        "get cm --watch-only --request-timeout=1s",
    ],
    "writing": [
        f"apply -f - \n{MAP}",
        f"apply -f - \n{MAP}",
        "apply -f - \n" + MAP.replace("red", "blue").replace(", tier: front", ""),
        "get cm settings -o yaml",
        f"apply -f - --dry-run=server\n{MAP}",
        f"diff -f - \n{MAP}",
        f"create -f - \n{MAP}",
        "create configmap made --from-literal=a=1 --from-literal=b=2",
        "create configmap made --from-literal=a=1",
        "create configmap other --from-literal=a=1 --dry-run=server -o yaml",
        "create secret generic made --from-literal=a=1 -o yaml",
        "create serviceaccount robot",
        "create role maker --verb=get,list --resource=pods,configmaps -o yaml",
        "create rolebinding maker --role=maker --user=ana --serviceaccount=NS:robot -o yaml",
        "create rolebinding lost --role=lost --user=ana",
        "create clusterrole NS-nodes --verb=get --resource=nodes --non-resource-url=/metrics",
        "create clusterrole NS-nodes --verb=get --resource=nodes",
        "create clusterrolebinding NS-nodes --clusterrole=NS-nodes --group=ops",
        "create configmap Bad_Name",
        "create -f - \n" + MAP.replace("app: shop", "app: sh op").replace("settings", "wrong"),
        "create -f - \n" + MAP.replace("data:", "daat:").replace("settings", "wrong"),
        "create -f - --validate=warn\n" + MAP.replace("\ndata:", "\ndaat:").replace("settings", "warned"),
        "create -f - --validate=warn\n" + MAP.replace("data:", "daat:"),
        "create -f - \n" + MAP.replace('"4"', "4").replace("settings", "wrong"),
        "create -f - \n" + MAP.replace("v1", "v7"),
        "create -f - \n" + MAP.replace("ConfigMap", "Nothing"),
        "create -f - \n" + MAP.replace("{name:", "{namespace: other, name:"),
        "create -f - \nnot: [closed",
        'patch cm settings -p {"data":{"colour":"green"}}',
        'patch cm settings -p {"data":{"colour":"green"}}',
        'patch cm settings --type=merge -p {"data":{"size":null}} -o yaml',
        'patch cm settings --type=json -p [{"op":"remove","path":"/data/size"}]',
        'patch cm settings --type=json -p [{"op":"add","path":"/data/x","value":"1"}]',
        'patch rolebinding maker -p {"roleRef":{"name":"other"}}',
        "label cm settings app=bank",
        "label cm settings app=bank --overwrite",
        "label cm settings app- none-",
        "label cm settings a/b/c=d",
        "annotate cm settings note=x --overwrite",
        "annotate cm settings note-",
        "label ns NS kubernetes.io/metadata.name=other --overwrite",
        "set subject rolebinding maker --user=bob",
        "replace -f - \n" + MAP.replace("red", "black"),
        "replace -f - \n" + MAP.replace("settings", "missing"),
        "replace -f - \n" + MAP.replace("name: settings", 'name: settings, resourceVersion: "1"'),
        f"replace --force -f - \n{MAP}",
        f"auth reconcile -f - \n{ROLE}---\n{BINDING}".replace("{name:", "{namespace: NS, name:"),
        f"auth reconcile -f - \n{ROLE}---\n{BINDING}".replace("{name:", "{namespace: NS, name:"),
        "auth reconcile -f - \n"
        + ROLE.replace("[get, list]", "[list, watch]").replace("{name:", "{namespace: NS, name:"),
        "delete cm settings made --dry-run=server",
        "delete cm settings missing",
        "delete cm -l app=shop",
        "delete cm,secret --all",
        "delete clusterrole,clusterrolebinding NS-nodes",
        "delete namespace default --dry-run=server",
        APPLY_ON_THE_SERVER,
    ],
    "pods": [
        f"create -f - \n{POD}",
        "get pods -o name",
        "get pod web -o jsonpath={.spec.containers[*].image}",
        "label pod web a=b",
        "delete pod web --force --grace-period=0",
    ],
    "rights": [
        f"create -f - \n{ROLE}---\n{BINDING}",
        "auth can-i get configmaps --as ana",
        "auth can-i delete configmaps --as ana",
        "auth can-i get secret/password --as ana",
        "auth can-i get secrets --as ana",
        "auth can-i get configmaps --as bob --as-group ops",
        "auth can-i get nothings --as ana",
        "auth can-i get /version --as ana",
        "auth can-i get configmaps -A --as ana",
        "auth can-i --list --as nobody",
        "auth whoami --as ana --as-group ops -o yaml",
        "auth whoami --as ana",
        "get configmaps --as ana",
        "get configmaps -A --as ana",
        "get secrets --as ana",
        "get secret password -o name --as ana",
        "get namespaces --as ana",
        "create configmap x --as ana",
        "delete configmap x --as ana",
        "patch configmap x -p {} --as ana",
        "get --raw /metrics --as ana",
        "create role more --verb=get --resource=pods --as ana",
        "create rolebinding edit --clusterrole=edit --user=ana",
        "create role more --verb=get --resource=pods --as ana",
        "create clusterrole NS-rbac --verb=create,update,patch,get --resource=roles,rolebindings",
        "create rolebinding rbac --clusterrole=NS-rbac --user=ana",
        "create role more --verb=get,delete --resource=nodes,configmaps --as ana",
        "create role same --verb=get,list --resource=configmaps --as ana",
        "create rolebinding more --clusterrole=admin --user=eve --as ana",
        "create rolebinding same --role=reader --user=eve --as ana",
        "create rolebinding misses --role=lost --user=eve --as ana",
        "create rolebinding misses --clusterrole=lost --user=eve --as ana",
        'patch role same --type=json -p [{"op":"add","path":"/rules/0/verbs/-","value":"escalate"}] --as ana',
        "delete clusterrole NS-rbac",
        "create token default --duration=10s",
        "create token missing",
        "create token default --duration=1h --audience=x --bound-object-kind=Pod --bound-object-name=none",
    ],
    "about": [
        "explain configmap.data",
        "explain rolebinding",
        "explain role.rules.verbs",
        "explain serviceaccount --recursive",
        "explain configmap.nothing",
        "api-resources --api-group=rbac.authorization.k8s.io",
        "api-resources --api-group=authorization.k8s.io",
        "get --raw /healthz",
        "get --raw /nothing",
        "cluster-info",
    ],
}

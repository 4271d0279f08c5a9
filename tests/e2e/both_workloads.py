"""What people do with workloads, as kubectl commands that have to end alike on both clusters.

A line that begins with ``~`` is read again until both print the same: controllers take their time.
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: shop}, annotations: {kubernetes.io/change-cause: first}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      automountServiceAccountToken: false
      serviceAccountName: default
      containers:
      - {name: main, image: "example.com/web:1", ports: [{containerPort: 80}], env: [{name: A, value: "1"}]}
      - {name: side, image: example.com/side}
"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: generated}
spec:
  completions: 2
  template:
    spec:
      automountServiceAccountToken: false
      serviceAccountName: default
      restartPolicy: Never
      containers: [{name: main, image: "example.com/job:1"}]
"""
FAILS = JOB.replace("generated", "fails").replace("completions: 2", "backoffLimit: 0")
_CONDITIONS = "jsonpath={.status.conditions[*].reason}{.status.conditions[*].status}"

_WITHOUT_SIDE = '{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}'

WORKLOADS: dict[str, list[str]] = {
    "deployments": [
        f"apply -f -\n{DEPLOYMENT}",
        "~rollout status deployment/web --watch=false",
        "~get deployments -o wide",
        "~get replicasets -o wide",
        "~get deployment web -o yaml",
        "~get replicasets -o yaml",
        "~get pods --show-labels",
        "~describe deployment web --show-events=false",
        "~get events --sort-by=.message -o custom-columns=R:.reason,K:.involvedObject.kind,M:.message",
        "apply -f -\n" + DEPLOYMENT.replace("web:1", "web:2").replace("first", "second"),
        "~rollout status deployment/web --watch=false",
        "~rollout history deployment/web",
        "rollout history deployment/web --revision=2",
        "~get replicasets --sort-by=.spec.replicas",
        "rollout undo deployment/web",
        "~rollout status deployment/web --watch=false",
        "~rollout history deployment/web",
        "~get deployment web -o jsonpath={.spec.template.spec.containers[*].image}",
        "rollout undo deployment/web --to-revision=9",
        "rollout pause deployment/web",
        "set image deployment/web main=example.com/web:3",
        "~rollout status deployment/web --watch=false",
        f"~get deployment web -o {_CONDITIONS}",
        "rollout resume deployment/web",
        "~rollout status deployment/web --watch=false",
        f"~get deployment web -o {_CONDITIONS}",
        "rollout restart deployment/web",
        "~rollout status deployment/web --watch=false",
        "~rollout history deployment/web",
        "set env deployment/web A=2 -c main",
        f'patch deployment web -p {{"spec":{{"template":{_WITHOUT_SIDE}}}}}',
        "~rollout status deployment/web --watch=false",
        "~get deployment web -o jsonpath={.spec.template.spec.containers}",
        "scale deployment web --replicas=1",
        "scale deployment web --current-replicas=7 --replicas=2",
        "~get deployment,replicaset -l app --no-headers --sort-by=.spec.replicas",
        "delete deployment web --cascade=orphan",
        "~get replicasets,pods -o custom-columns=K:.kind,O:.metadata.ownerReferences[*].kind",
        "apply -f -\n" + DEPLOYMENT.replace("replicas: 3", "replicas: 0"),
        "~get pods",
        "delete deployment web --cascade=foreground",
        "~get all",
    ],
    "recreated": [
        "apply -f -\n" + DEPLOYMENT.replace("replicas: 3", "strategy: {type: Recreate}\n  replicas: 2"),
        "~rollout status deployment/web --watch=false",
        "set image deployment/web *=example.com/new",
        "~rollout status deployment/web --watch=false",
        "~get replicasets -o wide --sort-by=.spec.replicas",
        "delete replicaset --all",
        "~get deployments",
        "delete deployment web",
        "~get all",
    ],
    "jobs": [
        f"create -f -\n{JOB}",
        "~get jobs -o wide",
        "~get job generated -o yaml",
        "~get pods",
        "~wait --for=condition=complete job/generated --timeout=1s",
        'patch job generated -p {"spec":{"completions":3}}',
        "delete job generated",
        "~get all",
        f"create -f -\n{FAILS}",
        f"~get job fails -o {_CONDITIONS}",
        "~get jobs",
        "delete job fails",
        "create -f -\n" + JOB.replace("completions: 2", "suspend: true"),
        f"~get job generated -o {_CONDITIONS}",
        'patch job generated -p {"spec":{"suspend":false}}',
        "~get jobs",
        "create job generated --image=example.com/job",
        "delete job generated --cascade=orphan",
        "~get pods",
    ],
}

"""The webhook's mutation once more, written from its description: whole lists rewritten, nothing explained.

And pods to try it on: drawn at random from few names, so that everything meets everything.
"""

import copy
import random
from typing import Any

from sekisho.decide.workload.settings import AccountFacts, MappedRole, Settings

PREFIX = "eks.amazonaws.com/"
VARIABLES = (
    *("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("AWS_STS_REGIONAL_ENDPOINTS", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "OTHER"),
)
VOLUMES = ("aws-iam-token", "eks-pod-identity-token", "data")


def naive(pod: Any, facts: AccountFacts, settings: Settings, spread_seconds: int) -> Any:
    """Return the pod afterwards; the pod itself where nobody gave its account a role."""
    account = dict(facts.annotations or {})
    on_pod = dict(pod["metadata"].get("annotations", {}))
    regional = settings.regional_sts
    if account.get(PREFIX + "sts-regional-endpoints") in ("true", "false"):
        regional = account[PREFIX + "sts-regional-endpoints"] == "true"
    expiration = seconds_of(account, settings.expiration)
    audience = account.get(PREFIX + "audience", settings.audience)
    role = account.get(PREFIX + "role-arn", "")
    if facts.is_associated:
        expiration = seconds_of(on_pod, expiration)
        expiration = spread_seconds if expiration == 86_400 else expiration
        names = VARIABLES[5:7]
        token, first, audience = settings.container_token, settings.container_uri, "pods.eks.amazonaws.com"
    else:
        if not role:
            if facts.mapped is None:
                return pod
            role, audience, regional = facts.mapped.role, facts.mapped.audience, facts.mapped.regional_sts
            expiration = max(facts.mapped.expiration or settings.expiration, 600)
        expiration = seconds_of(on_pod, expiration)
        names, token, first = VARIABLES[:2], settings.web_token, role
    file = f"{token.mount_path}/{token.token_path}"
    if pod["spec"].get("nodeSelector", {}).get("kubernetes.io/os") == "windows":
        file = "C:" + file.replace("/", "\\")
    after = copy.deepcopy(pod)
    skipped = on_pod.get(PREFIX + "skip-containers", "").split(",")
    for kind in ("initContainers", "containers"):
        for container in after["spec"].get(kind, []):
            if container["name"] not in skipped:
                fill(container, names, (first, file), token, settings.region, regional)
    if all(volume["name"] != token.name for volume in after["spec"].get("volumes", [])):
        projection = {"expirationSeconds": expiration, "path": token.token_path}
        if audience:
            projection["audience"] = audience
        volume = {"name": token.name, "projected": {"sources": [{"serviceAccountToken": projection}]}}
        after["spec"]["volumes"] = [volume, *after["spec"].get("volumes", [])]
    if facts.is_associated:
        after["metadata"].setdefault("labels", {})["eks.amazonaws.com/pod-identity"] = "enabled"
    return after


def fill(
    container: Any, names: tuple[str, ...], values: tuple[str, str], token: Any, region: str, regional: bool
) -> None:
    """Change one container."""
    there = {entry["name"] for entry in container.get("env", [])}
    has_pair = bool(there & set(names))
    has_region = bool(there & {"AWS_REGION", "AWS_DEFAULT_REGION"})
    has_sts = "AWS_STS_REGIONAL_ENDPOINTS" in there
    if has_pair and has_region and has_sts:
        return
    added = []
    if regional and not has_sts:
        added.append({"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"})
    if region and not has_region:
        added += [{"name": name, "value": region} for name in ("AWS_DEFAULT_REGION", "AWS_REGION")]
    if not has_pair:
        added += [{"name": name, "value": value} for name, value in zip(names, values, strict=True)]
    if added:
        container["env"] = [*container.get("env", []), *added]
    if all(mount["name"] != token.name for mount in container.get("volumeMounts", [])):
        mount = {"name": token.name, "readOnly": True, "mountPath": token.mount_path}
        container["volumeMounts"] = [*container.get("volumeMounts", []), mount]


def seconds_of(annotations: dict[str, str], otherwise: int) -> int:
    """Return the seconds that annotations say; only the texts of `drawn_text` occur."""
    text = annotations.get(PREFIX + "token-expiration", "")
    return max(int(text), 600) if text.isdecimal() else otherwise


def drawn(source: random.Random) -> tuple[Any, AccountFacts, Settings]:
    """Draw a pod, what is known of its account, and settings."""
    spec: dict[str, Any] = {"serviceAccountName": "app", "unknownField": {"x": [1, None, 1.5]}}
    spec["containers"] = [_container(source, f"c{place}") for place in range(source.randint(1, 3))]
    if source.random() < 0.4:
        spec["initContainers"] = [_container(source, f"i{place}") for place in range(source.randint(1, 2))]
    if source.random() < 0.6:
        names = source.sample(VOLUMES, source.randint(0, 3))
        spec["volumes"] = [{"name": name, "emptyDir": {}} for name in names]
    if source.random() < 0.2:
        spec["nodeSelector"] = {"kubernetes.io/os": source.choice(["windows", "linux"])}
    metadata: dict[str, Any] = {"name": "web"}
    if source.random() < 0.4:
        metadata["labels"] = {"app": "web"}
    skipped = source.choice(["", "c0", "c1,i0", "nobody"])
    on_pod = {**_expiration(source), **({PREFIX + "skip-containers": skipped} if skipped else {})}
    if on_pod:
        metadata["annotations"] = on_pod
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}}
    settings = Settings(region=source.choice(["", "eu-west-1"]), regional_sts=source.random() < 0.5)
    return pod, _facts(source), settings


def _container(source: random.Random, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "image": "web:1", "unknownField": name}
    if source.random() < 0.6:
        names = source.sample(VARIABLES, source.randint(0, 5))
        found["env"] = [
            {"name": one, "value": "mine"} if source.random() < 0.7 else {"name": one, "valueFrom": {}}
            for one in names
        ]
    if source.random() < 0.5:
        names = source.sample(VOLUMES, source.randint(0, 2))
        found["volumeMounts"] = [{"name": one, "mountPath": f"/{one}"} for one in names]
    return found


def _facts(source: random.Random) -> AccountFacts:
    annotations: dict[str, str] = _expiration(source)
    if source.random() < 0.7:
        annotations[PREFIX + "role-arn"] = "arn:aws:iam::111122223333:role/app"
    if source.random() < 0.3:
        annotations[PREFIX + "audience"] = source.choice(["other", ""])
    if source.random() < 0.4:
        annotations[PREFIX + "sts-regional-endpoints"] = source.choice(["true", "false", "perhaps"])
    mapped = None
    if source.random() < 0.3:
        seconds = source.choice([0, 60, 7200])
        mapped = MappedRole("*/app", "mapped", source.choice(["", "aud"]), source.random() < 0.5, seconds)
    known = annotations if source.random() < 0.9 else None
    return AccountFacts("shop", "app", known, mapped=mapped, is_associated=source.random() < 0.3)


def _expiration(source: random.Random) -> dict[str, str]:
    text = source.choice(["", "", "600", "7200", "86400", "1h", "5"])
    return {PREFIX + "token-expiration": text} if text else {}

"""Which requests the webhook is asked about: the MutatingWebhookConfiguration that registers it.

Source: Kubernetes documentation, "Dynamic Admission Control"; amazon-eks-pod-identity-webhook,
``deploy/mutatingwebhook.yaml``.
"""

from typing import Final

from sekisho.decide.values import Json, JsonObject
from sekisho.decide.workload.pod_view import PodView

WEBHOOK_NAME: Final = "pod-identity-webhook.amazonaws.com"
CONFIGURATION_NAME: Final = "pod-identity-webhook"
SKIP_LABEL: Final = "eks.amazonaws.com/skip-pod-identity-webhook"
TIMEOUT_SECONDS: Final = 10


def is_asked_about(pod: PodView) -> bool:
    """Tell whether the registration's selector lets a pod that is created through to the webhook."""
    return SKIP_LABEL not in (pod.labels or {})


def configuration(name: str, client: JsonObject) -> dict[str, Json]:
    """Return the MutatingWebhookConfiguration ``name``; ``client`` is its ``clientConfig``.

    Failures are ignored, as EKS does: pods are created without a role rather than not at all.
    Reinvocation lets containers that other webhooks add get the role, too.
    """
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": WEBHOOK_NAME,
                "admissionReviewVersions": ["v1", "v1beta1"],
                "clientConfig": client,
                "failurePolicy": "Ignore",
                "matchPolicy": "Equivalent",
                "objectSelector": {"matchExpressions": [{"key": SKIP_LABEL, "operator": "DoesNotExist"}]},
                "reinvocationPolicy": "IfNeeded",
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                        "scope": "Namespaced",
                    }
                ],
                "sideEffects": "None",
                "timeoutSeconds": TIMEOUT_SECONDS,
            }
        ],
    }

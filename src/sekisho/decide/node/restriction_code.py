"""What the NodeRestriction admission has to say: its refusals are kube-apiserver's own texts."""

from sekisho.decide.decision import ReasonCode


class RestrictionCode(ReasonCode):
    """Stable identifiers of the admission plugin; each refusal's sentence is what the client reads."""

    NOT_A_NODE = (
        "node-restriction.not-a-node",
        "the user {user} is no node: NodeRestriction does not limit it",
    )
    NOT_LIMITED = "node-restriction.not-limited", "NodeRestriction lets node {node} {operation} {resource}"
    NO_NODE_NAME = "node-restriction.no-node-name", 'could not determine node from user "{user}"'
    POD_SUBRESOURCE = (
        "node-restriction.pod-subresource",
        "unexpected pod subresource \"{subresource}\", only 'status' and 'eviction' are allowed",
    )
    POD_OPERATION = (
        "node-restriction.pod-operation",
        'unexpected operation "{operation}", node "{node}" can only create and delete mirror pods',
    )
    OPERATION = "node-restriction.operation", 'unexpected operation "{operation}"'
    EVICTION_OPERATION = "node-restriction.eviction-operation", "unexpected operation {operation}"
    POD_MISSING = "node-restriction.pod-missing", 'pod "{name}" not found'
    NODE_MISSING = "node-restriction.node-missing", 'node "{name}" not found'
    DELETES_OTHERS_POD = (
        "node-restriction.deletes-anothers-pod",
        'node "{node}" can only delete pods with spec.nodeName set to itself',
    )
    NOT_A_MIRROR_POD = (
        "node-restriction.not-a-mirror-pod",
        (
            'pod does not have "kubernetes.io/config.mirror" annotation, '
            'node "{node}" can only create mirror pods'
        ),
    )
    CREATES_OTHERS_POD = (
        "node-restriction.creates-anothers-pod",
        'node "{node}" can only create pods with spec.nodeName set to itself',
    )
    MANY_OWNERS = (
        "node-restriction.many-owners",
        'node "{node}" can only create pods with a single owner reference set to itself',
    )
    NOT_OWNED = (
        "node-restriction.not-owned",
        'node "{node}" can only create pods with an owner reference set to itself',
    )
    NOT_CONTROLLED = (
        "node-restriction.not-controlled",
        'node "{node}" can only create pods with a controller owner reference set to itself',
    )
    BLOCKS_DELETION = (
        "node-restriction.blocks-deletion",
        'node "{node}" must not set blockOwnerDeletion on an owner reference',
    )
    NODE_UID = (
        "node-restriction.node-uid",
        "node {node} UID mismatch: expected {given} got {found}",
    )
    REFERENCES = (
        "node-restriction.references",
        'node "{node}" can not create pods that reference {referred}',
    )
    UNKNOWN_VOLUME = (
        "node-restriction.unknown-volume",
        "error checking mirror pod for API references: {problem}",
    )
    STATUS_OF_OTHERS_POD = (
        "node-restriction.status-of-anothers-pod",
        'node "{node}" can only update pod status for pods with spec.nodeName set to itself',
    )
    LABELS_BY_STATUS = (
        "node-restriction.labels-by-status",
        'node "{node}" cannot update labels through pod status',
    )
    CLAIM_STATUSES = (
        "node-restriction.claim-statuses",
        'node "{node}" cannot update resource claim statues',
    )
    EXTENDED_CLAIM_STATUS = (
        "node-restriction.extended-claim-status",
        'node "{node}" cannot update extended resource claim status',
    )
    ALLOCATABLE_CLAIM_STATUSES = (
        "node-restriction.allocatable-claim-statuses",
        'node "{node}" cannot update node allocatable resource claim statuses',
    )
    EVICTS_OTHERS_POD = (
        "node-restriction.evicts-anothers-pod",
        "node {node} can only evict pods with spec.nodeName set to itself",
    )
    OTHER_NODE = (
        "node-restriction.other-node",
        'node "{node}" is not allowed to modify node "{name}"',
    )
    CREATES_CONFIG_SOURCE = (
        "node-restriction.creates-config-source",
        'node "{node}" is not allowed to create pods with a non-nil configSource',
    )
    CONFIG_SOURCE = (
        "node-restriction.config-source",
        'node "{node}" is not allowed to update configSource to a new non-nil configSource',
    )
    SETS_LABELS = (
        "node-restriction.sets-labels",
        'node "{node}" is not allowed to set the following labels: {labels}',
    )
    CHANGES_LABELS = "node-restriction.changes-labels", "is not allowed to modify labels: {labels}"
    TAINTS = "node-restriction.taints", 'node "{node}" is not allowed to modify taints'
    OWNERS = "node-restriction.owners", 'node "{node}" is not allowed to modify ownerReferences'
    TOKEN_NOT_BOUND = "node-restriction.token-not-bound", "node requested token not bound to a pod"
    TOKEN_WITHOUT_UID = (
        "node-restriction.token-without-uid",
        "node requested token with a pod binding without a uid",
    )
    TOKEN_UID = (
        "node-restriction.token-uid",
        (
            "the UID in the bound object reference ({given}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        ),
    )
    TOKEN_OF_OTHERS_POD = (
        "node-restriction.token-of-anothers-pod",
        "node requested token bound to a pod scheduled on a different node",
    )
    MANY_AUDIENCES = "node-restriction.many-audiences", "node may only request 0 or 1 audiences"
    AUDIENCE = (
        "node-restriction.audience",
        '{user} is not authorized to request tokens for audience "{audience}"',
    )
    LEASE_NAMESPACE = (
        "node-restriction.lease-namespace",
        'can only access leases in the "kube-node-lease" system namespace',
    )
    OTHER_LEASE = (
        "node-restriction.other-lease",
        "can only access node lease with the same name as the requesting node",
    )
    OTHER_CSI_NODE = (
        "node-restriction.other-csi-node",
        "can only access CSINode with the same name as the requesting node",
    )

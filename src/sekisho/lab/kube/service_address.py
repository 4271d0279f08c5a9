"""How pods name their API server: the Service ``kubernetes``, at the address that EKS gives it."""

SERVICE_ADDRESS = "10.100.0.1"
"""EKS's choice for a cluster whose nodes are not in 10.0.0.0/8 (EKS API Reference, "serviceIpv4Cidr")."""
SERVICE_HOSTS = (
    SERVICE_ADDRESS,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)

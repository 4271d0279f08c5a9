"""A Kubernetes API per cluster: enough of it to run identity, served to real clients."""

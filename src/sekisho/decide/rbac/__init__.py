"""Kubernetes RBAC: objects, aggregation, the compiled index, decisions, and the questions asked of them."""

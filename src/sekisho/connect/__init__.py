"""Outbound clients: AWS accounts, Kubernetes clusters, identity providers."""

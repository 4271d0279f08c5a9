"""Bearer credential -> Kubernetes user."""

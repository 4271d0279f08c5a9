"""A Kubernetes cluster from outside: a small client, and aws-auth read and changed, there or in a file."""

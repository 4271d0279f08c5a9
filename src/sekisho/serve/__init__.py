"""Single checkpoints in front of real clusters: stateless servers, any number of replicas."""

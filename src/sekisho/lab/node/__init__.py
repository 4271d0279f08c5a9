"""What a node offers to the pods on it: its instance metadata and the Pod Identity agent."""

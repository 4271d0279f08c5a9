"""A real kube-apiserver for each cluster of the lab, with the lab's checkpoints in front of it.

Named after Kubernetes' envtest, whose convention for finding the programs it keeps.
"""

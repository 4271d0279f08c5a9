"""The Node authorizer: what a kubelet may do, by what runs on its node."""

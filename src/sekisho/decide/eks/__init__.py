"""What EKS adds to Kubernetes' and IAM's own rules."""

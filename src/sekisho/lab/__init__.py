"""The local world: AWS and EKS in one process."""

"""Pods of the lab's clusters, run as isolated processes of this machine."""

"""The controllers of a cluster: what kube-controller-manager does with the kinds that the lab serves."""

from sekisho.lab.kube.controllers.manager import Controllers

__all__ = ["Controllers"]

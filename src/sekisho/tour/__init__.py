"""Tours: a walk through EKS authentication with the real clients, each step checked and explained."""

from sekisho.tour.access import MANIFESTS, Cluster, access_steps
from sekisho.tour.cross_account import cross_account_steps
from sekisho.tour.cross_account_files import CROSS_ACCOUNT_FILES
from sekisho.tour.ground import Ground, ground
from sekisho.tour.irsa import IRSA_FILES, irsa_steps
from sekisho.tour.oidc import OIDC_MANIFESTS, oidc_steps
from sekisho.tour.redact import redact
from sekisho.tour.shell import Shell, tour_shell
from sekisho.tour.step import Expectation, Learned, TourStep
from sekisho.tour.walk import Result, Walk

__all__ = [
    "CROSS_ACCOUNT_FILES",
    "IRSA_FILES",
    "MANIFESTS",
    "OIDC_MANIFESTS",
    "Cluster",
    "Expectation",
    "Ground",
    "Learned",
    "Result",
    "Shell",
    "TourStep",
    "Walk",
    "access_steps",
    "cross_account_steps",
    "ground",
    "irsa_steps",
    "oidc_steps",
    "redact",
    "tour_shell",
]

"""The policy simulator of IAM: what policies would decide, asked of the same evaluator as everything else."""

from sekisho.lab.aws.iam.simulation.operations import OPERATIONS

__all__ = ["OPERATIONS"]

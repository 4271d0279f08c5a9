"""The identity plane of Amazon EKS as a program you can run, question and deploy."""

__all__ = ["__version__"]

__version__ = "0.1.0"

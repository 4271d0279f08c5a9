"""Policy validation: what AWS would refuse, what can never apply, and what gives more than was meant."""

from sekisho.review.policy_check.check import check_policy
from sekisho.review.policy_check.code import SEVERITIES, PolicyCode, Severity
from sekisho.review.policy_check.finding import Finding
from sekisho.review.policy_check.reference import Reference, load_reference
from sekisho.review.policy_check.report import Report, check_texts, report_document, sarif_document

__all__ = [
    "SEVERITIES",
    "Finding",
    "PolicyCode",
    "Reference",
    "Report",
    "Severity",
    "check_policy",
    "check_texts",
    "load_reference",
    "report_document",
    "sarif_document",
]

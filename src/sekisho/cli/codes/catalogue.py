"""Every reason code of the program, by its value, and the family that it belongs to."""

from importlib import import_module
from typing import Final

from sekisho.decide.decision import ReasonCode
from sekisho.decide.decision.code import all_codes

MODULES: Final = (
    "sekisho.connect.kube.edit_guard",
    "sekisho.decide.authn.aws_auth_edit",
    "sekisho.decide.authn.mapping_code",
    "sekisho.decide.authn.notice",
    "sekisho.decide.authn.oidc.code",
    "sekisho.decide.authn.oidc.notices",
    "sekisho.decide.authn.service_account_code",
    "sekisho.decide.authn.sts_answer",
    "sekisho.decide.authn.sts_host",
    "sekisho.decide.authn.token_code",
    "sekisho.decide.chain.impersonate",
    "sekisho.decide.chain.migration",
    "sekisho.decide.chain.person_to_cluster",
    "sekisho.decide.chain.pod_to_aws",
    "sekisho.decide.chain.request_to_aws",
    "sekisho.decide.eks.creator",
    "sekisho.decide.eks.entry_book",
    "sekisho.decide.eks.entry_repair",
    "sekisho.decide.eks.migration",
    "sekisho.decide.eks.policy_authorizer",
    "sekisho.decide.iam.code",
    "sekisho.decide.iam.public_access",
    "sekisho.decide.node.authorize",
    "sekisho.decide.node.restriction_code",
    "sekisho.decide.proof.code",
    "sekisho.decide.proof.jws_code",
    "sekisho.decide.rbac.cover",
    "sekisho.decide.rbac.examine",
    "sekisho.decide.rbac.nearest",
    "sekisho.decide.request.aws",
    "sekisho.decide.sts.caller_identity",
    "sekisho.decide.sts.code",
    "sekisho.decide.sts.pod_identity_code",
    "sekisho.decide.workload.code",
    "sekisho.facts.loaded",
    "sekisho.lab.door_code",
    "sekisho.lab.idp.code",
    "sekisho.lab.kube.admission_code",
    "sekisho.review.policy_check.code",
    "sekisho.review.preflight.apply",
    "sekisho.review.preflight.dangers",
    "sekisho.review.questions",
    "sekisho.serve.authenticator.code",
    "sekisho.serve.pod_identity_webhook.code",
)
"""The modules that define codes. A test compares them with what a walk over every module finds."""


def catalogue() -> dict[str, ReasonCode]:
    """Return every code by its value, sorted; only the modules that define codes are loaded."""
    for module in MODULES:
        import_module(module)
    # A test may define codes of its own; those are not the program's.
    return {str(code): code for code in all_codes() if type(code).__module__.startswith("sekisho.")}


def family_of(code: str) -> str:
    """Return the family of a code, which names its page: the part before the first full stop."""
    return code.partition(".")[0]

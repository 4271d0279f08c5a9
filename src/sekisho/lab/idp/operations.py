"""Every operation of ``cognito-idp`` that the lab answers, those without a signature apart."""

from collections.abc import Callable, Mapping
from typing import Final

from sekisho.lab.aws.operation import Answer, Operation, Parameters
from sekisho.lab.idp import authentication, clients, domains, groups, own_account, pools, users
from sekisho.lab.idp.pool_context import PoolContext

SERVICE: Final = "cognito-idp"

OPERATIONS: Mapping[str, Operation] = {
    **pools.OPERATIONS,
    **clients.OPERATIONS,
    **domains.OPERATIONS,
    **groups.OPERATIONS,
    **users.OPERATIONS,
    "AdminInitiateAuth": authentication.admin_initiate_auth,
    "AdminRespondToAuthChallenge": authentication.admin_respond_to_auth_challenge,
}

WITHOUT_SIGNATURE: Mapping[str, Callable[[PoolContext, Parameters], Answer]] = {
    "ChangePassword": own_account.change_password,
    "GetTokensFromRefreshToken": authentication.get_tokens_from_refresh_token,
    "GetUser": own_account.get_user,
    "GlobalSignOut": own_account.global_sign_out,
    "InitiateAuth": authentication.initiate_auth,
    "RespondToAuthChallenge": authentication.respond_to_auth_challenge,
    "RevokeToken": own_account.revoke_token,
}
"""What is called without a signature: each decides everything itself, and says why."""

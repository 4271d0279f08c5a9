"""A permitted call that moto answers: what is checked before, and what is remembered after.

permissions -> rules of the service that moto does not know -> moto -> whom a new policy names
"""

from dataclasses import replace

from sekisho.decide.decision import Decision
from sekisho.decide.proof.credential import Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.sts import Session
from sekisho.decide.values import AccountId, Anonymous, Principal
from sekisho.lab.aws.door.gate import Gate
from sekisho.lab.aws.door.keys import client_headers
from sekisho.lab.aws.door.refusal import RefusedError
from sekisho.lab.aws.door.route import Route
from sekisho.lab.aws.moto import s3_delete, s3_rules
from sekisho.lab.aws.moto.owner_only import hold_to_owner
from sekisho.lab.aws.moto.policy_writes import malformed, policy_write, written_key
from sekisho.lab.aws.moto.resource_policies import ResourcePolicies
from sekisho.lab.aws.moto.services import MotoServices
from sekisho.lab.aws.moto.store import multipart_key
from sekisho.lab.aws.operation import AwsError, Context
from sekisho.wire.aws import validate
from sekisho.wire.aws.message import Call, Response

_NOBODYS_ACCOUNT = AccountId("000000000000")
"""Where moto looks for what an unsigned request names and nobody has."""
_NO_UPLOAD = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
    "or completed."
)
_TELLS_OF_OBJECTS = frozenset({("s3", "GetObject"), ("s3", "HeadObject")})
"""Operations that say 404 to those only who may list the bucket (S3 API Reference, "GetObject")."""


class Behind:
    """moto behind the gate."""

    def __init__(self, gate: Gate, resources: ResourcePolicies) -> None:
        self._gate = gate
        self._resources = resources
        self._moto = MotoServices()

    async def answer(
        self,
        where: Route,
        call: Call,
        request: HttpRequest,
        proof: Decision[Signed],
        caller: Principal | Anonymous,
        session: Session | None,
        context: Context | None,
    ) -> tuple[Response, RefusedError | None]:
        """Return the answer to ``call``, and what of it was refused where a part of it was.

        ``context`` is None for an anonymous caller.

        Raises:
            RefusedError: a permission is not given.
            AwsError: a rule of the service refuses, or moto cannot answer.
        WireError: a parameter breaks a constraint of the model.
        """
        async with self._moto.turn:
            if (where.service.name, call.operation.name) == ("s3", "DeleteObjects"):
                return await self._delete(where, call, request, proof, caller, session)
            asked = self._gate.permit(where, call, proof, caller, session, client_headers(request))
            hold_to_owner(asked)
            _hold_together(where.service.name, call, asked)
            validate.check(call)
            if where.service.name == "s3":
                s3_rules.check(call)
            written = None
            if context is not None:
                written = policy_write(context, where.service.name, call.operation.name, call.parameters)
            if written is not None and where.service.name == "kms" and isinstance(caller, Principal):
                self._check_lockout(where, call, caller, session, asked[0], written.text)
            answer = await self._moto.answer(where, call, request, _account(asked[0], caller))
            if answer.status == 404 and (where.service.name, call.operation.name) in _TELLS_OF_OBJECTS:
                unheard = self._gate.refuses_to_list(asked[0], call, proof, session, where)
                if unheard is not None:
                    raise unheard
            if written is not None and answer.status < 300:
                resource = written_key(
                    where.service.name, call.operation.name, asked[0].resources[0], answer.body
                )
                self._resources.remember(resource, written.unique_ids)
            return answer, None

    async def _delete(
        self,
        where: Route,
        call: Call,
        request: HttpRequest,
        proof: Decision[Signed],
        caller: Principal | Anonymous,
        session: Session | None,
    ) -> tuple[Response, RefusedError | None]:
        """Delete the objects that may be deleted and say of each other one that it may not."""
        permissions = self._gate.permissions(where, call, proof, caller, session, client_headers(request))
        validate.check(call)
        s3_rules.check(call)
        refused = {one.request.resources[0]: one.refused for one in permissions if one.refused is not None}
        first = next(iter(refused.values()), None)
        split = s3_delete.split(call, where.partition, {arn: r.fault for arn, r in refused.items()})
        if not split.permitted:
            return s3_delete.only_refused(split), first
        rewritten = replace(request, body=split.body, headers=s3_delete.headers_without_digests(request))
        answer = await self._moto.answer(where, call, rewritten, _account(permissions[0].request, caller))
        return s3_delete.joined(answer, split), first

    def _check_lockout(
        self,
        where: Route,
        call: Call,
        caller: Principal,
        session: Session | None,
        asked: AwsRequest,
        text: str,
    ) -> None:
        """Refuse a key policy that would leave its writer without a way back (KMS API, PutKeyPolicy)."""
        if call.parameters.get("BypassPolicyLockoutSafetyCheck"):
            return
        key = asked.resources[0]
        if key == "*":
            key = f"arn:{where.partition}:kms:{where.region}:{caller.account}:key/new"
        if not self._gate.keeps_its_key(caller, key, text, session):
            raise malformed(
                "kms", "The new key policy will not allow you to update the key policy in the future."
            )


def _hold_together(service: str, call: Call, asked: tuple[AwsRequest, ...]) -> None:
    """Refuse a call that means other things to moto than what was decided about.

    moto answers a call from the store of one account, by the names that are in it, and knows an object's
    upload and a ciphertext's key by their ids alone.

    Raises:
        AwsError: it is about resources of several accounts, about another object's upload, or about a
            ciphertext of another key.
    """
    own = [one for one in asked if one.action.startswith(f"{service}:")]
    if service != "s3" and len({one.resource_account for one in own}) > 1:
        raise AwsError("SekishoUnserved", "the lab answers a call about resources of one account at a time")
    if len({one.resources for one in own if one.action == "kms:ReEncryptFrom"}) > 1:
        raise AwsError(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        )
    upload = call.parameters.get("UploadId")
    if service == "s3" and isinstance(upload, str):
        key = multipart_key(str(call.parameters.get("Bucket")), upload)
        if key is not None and key != call.parameters.get("Key"):
            raise AwsError("NoSuchUpload", _NO_UPLOAD, 404)


def _account(asked: AwsRequest, caller: Principal | Anonymous) -> AccountId:
    if asked.resource_account is not None:
        return asked.resource_account
    return _NOBODYS_ACCOUNT if isinstance(caller, Anonymous) else caller.account

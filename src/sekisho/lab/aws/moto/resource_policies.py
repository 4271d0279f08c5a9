"""The policies of resources that moto keeps, as a layer of the decision.

A service without a reader in `store` keeps its layer as the facts have it: absent in the
caller's account, unread in another one, where the answer is UNKNOWN.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from sekisho.decide.decision import Decision
from sekisho.decide.iam.document import parse_policy
from sekisho.decide.iam.grammar import PolicyKind
from sekisho.decide.iam.layers import UNREAD, Attached, AttachedPolicy, Layer, Policies, Unread
from sekisho.decide.iam.public_access import restricted
from sekisho.decide.request.aws_request import AwsRequest, ContextValue
from sekisho.decide.sts import organization_keys
from sekisho.decide.values import AccountId, Principal, Ref, SekishoInputError
from sekisho.facts.sts_facts import organization_facts
from sekisho.lab.aws.moto.store import NOUNS, kept
from sekisho.lab.world import World
from sekisho.wire.aws.message import Call

_OWN_ACCOUNT_KEY = (
    '{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", '
    '"Principal": {{"AWS": "{account}"}}, "Action": "kms:*", "Resource": "*"}}}}'
)
"""What decides about a key that is not there: whoever may ask KMS at all learns that it is not."""


class ResourcePolicies:
    """Reads the policies of resources, and remembers whom the ARNs in them stood for when written."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._unique_ids: dict[str, Mapping[str, str]] = {}

    def remember(self, resource: str, unique_ids: Mapping[str, str]) -> None:
        """Keep the unique ids of the users and roles that the policy of ``resource`` names from now on."""
        self._unique_ids[resource] = unique_ids

    def owned(self, requests: tuple[AwsRequest, ...], call: Call, region: str) -> tuple[AwsRequest, ...]:
        """Return one request for each resource that may have a policy, with its owner's account and its keys.

        Resources without one share their owner and their context: their request stays whole.
        """
        return tuple(
            self._owned(replace(request, resources=part), call, region)
            for request in requests
            for part in _parts(request)
        )

    def with_own_policy(self, request: AwsRequest, policies: Policies, region: str) -> Policies:
        """Return ``policies`` with the resource's own, where its service is one that is read."""
        resource = request.resources[0]
        service = _service_of(resource)
        if service not in NOUNS:
            return policies
        found = kept(resource, region)
        text = "" if found is None else found.policy
        if service == "kms":
            text = text or _key_policy_of_nothing(request, resource)
        return replace(policies, resource=self.layer_of(resource, service, text) if text else None)

    def layer_of(self, resource: str, service: str, text: str) -> Attached | Unread:
        """Return the layer that the policy ``text`` of ``resource`` makes; unread if it breaks the grammar.

        Policies are checked when written; what a service has added of its own may still be unreadable.
        """
        holder = _holder(resource)
        ids = self._unique_ids.get(holder, {})
        try:
            document = parse_policy(text, Ref(holder).child("policy"), PolicyKind.RESOURCE, unique_ids=ids)
        except SekishoInputError:
            return UNREAD
        return (AttachedPolicy(NOUNS[service], Layer.RESOURCE, document),)

    def restricted(self, request: AwsRequest, region: str) -> Decision[None] | None:
        """Return the refusal of S3 Block Public Access, None where it does not bind."""
        resource = request.resources[0]
        found = kept(resource, region) if _service_of(resource) == "s3" else None
        if found is None or not found.restricts_public or not found.policy:
            return None
        layer = self.layer_of(resource, "s3", found.policy)
        return None if layer is UNREAD else restricted(request, layer[0].document)

    def _owned(self, request: AwsRequest, call: Call, region: str) -> AwsRequest:
        found = None
        if call.operation.name != "CreateBucket":
            found = kept(request.resources[0], region, version_of(request, call))
        if found is None:
            return request
        caller = request.principal
        is_own = isinstance(caller, Principal) and caller.account == found.account
        organization = organization_facts(self._world.facts, found.account)
        keys: dict[str, ContextValue | None] = {
            "aws:ResourceAccount": found.account,
            # An ARN without an account was taken for the caller's own.
            **dict.fromkeys(("aws:ResourceOrgID", "aws:ResourceOrgPaths")),
            **organization_keys("Resource", organization),
            **found.keys,
        }
        return replace(
            request,
            context=request.context.told(keys, found.families),
            resource_account=None if is_own else AccountId(found.account),
        )


def version_of(request: AwsRequest, call: Call) -> str:
    """Return the version of the object that ``request`` is about: of a copy's source, it names its own."""
    source = call.parameters.get("CopySource")
    if isinstance(source, str):
        is_source = request.action in ("s3:GetObject", "s3:GetObjectVersion")
        return parse_qs(source.partition("?")[2]).get("versionId", [""])[0] if is_source else ""
    return str(call.parameters.get("VersionId") or "")


def _key_policy_of_nothing(request: AwsRequest, resource: str) -> str:
    """Return the policy that decides about a key that is not there: none for one of another account."""
    if request.resource_account is not None or ":key/" not in resource:
        return ""
    return _OWN_ACCOUNT_KEY.format(account=resource.split(":")[4])


def _parts(request: AwsRequest) -> list[tuple[str, ...]]:
    if all(_service_of(resource) not in NOUNS for resource in request.resources):
        return [request.resources]
    return [(resource,) for resource in request.resources]


def _service_of(resource: str) -> str:
    sections = resource.split(":", 3)
    return sections[2] if len(sections) > 3 else ""


def _holder(resource: str) -> str:
    """Return whose policy it is: the bucket's for an object, the table's for an index."""
    service = _service_of(resource)
    if service == "s3":
        return resource.partition("/")[0]
    return resource.partition("/index/")[0] if service == "dynamodb" else resource

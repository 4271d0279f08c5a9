"""``serviceaccounts/token``: signing a token for a service account, optionally bound to an object's life.

The checks, their order and their texts are those of kube-apiserver 1.34
(``pkg/registry/core/serviceaccount``); the longest life is EKS's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sekisho.decide.authn.service_account_claims import ObjectClaim, ServiceAccountClaims
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.admission_chain import AdmissionChain, write_of
from sekisho.lab.kube.exchange import Exchange, json_answer
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.service_account_tokens import API_AUDIENCES
from sekisho.lab.world import Ids
from sekisho.wire.http import BodyTooLarge, Response
from sekisho.wire.kube import body as bodies
from sekisho.wire.kube import schema, status, validate
from sekisho.wire.kube.body import FieldValidation
from sekisho.wire.kube.causes import bad_value
from sekisho.wire.kube.members import items, mapping, number, text
from sekisho.wire.kube.registry import AUTHENTICATION, REGISTRY, GroupVersion, Resource
from sekisho.wire.kube.validate_review import validate_token_request

KIND = "TokenRequest"
DEFAULT_SECONDS = 3_600
MAX_SECONDS = 24 * 3_600
"""EKS starts its API servers with ``--service-account-max-token-expiration=24h``."""
EXTENDED_FROM_SECONDS = 3_607
"""What a kubelet asks for where the pod's author said nothing: such a token may be used longer."""
EXTENSION = timedelta(days=90)
"""How long EKS takes a token of extended life (Amazon EKS User Guide, "Kubernetes service accounts")."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a token is bound to, and the node that it tells of."""

    pod: ObjectClaim | None = None
    node: ObjectClaim | None = None
    secret: ObjectClaim | None = None


class TokenRequests:
    """Signs the tokens of one cluster's service accounts."""

    def __init__(
        self, issuer: str, objects: KubeObjects, keys: IssuerKeys, ids: Ids, admission: AdmissionChain
    ) -> None:
        self._admission = admission
        self._issuer = issuer
        self._objects = objects
        self._keys = keys
        self._ids = ids
        self._schema = schema.load()

    async def create(self, exchange: Exchange) -> Response:
        """Answer a TokenRequest.

        Raises:
            KubeError: the body is none, the account or the bound object is not there or another one,
                the lifetime is too short.
        """
        request, warnings = await self._read(exchange)
        attributes = exchange.attributes
        request = validate.place(_resource("serviceaccounts"), _filled(request), attributes.namespace)
        write = write_of(
            exchange, "CREATE", _resource("serviceaccounts"), request, kind=(AUTHENTICATION, KIND)
        )
        texts = list(warnings)
        request = await self._admission.mutated(write, texts)
        begun = self._begun(request, attributes, exchange.now)
        await self._admission.validated(replace(write, body=begun), texts)
        answered, more = self.issue(attributes.namespace, attributes.name, request, exchange.now)
        return json_answer(answered, 201, (*texts, *more))

    def _begun(self, request: JsonObject, attributes: RequestAttributes, now: Instant) -> JsonObject:
        """Return a TokenRequest as validating webhooks see it: of this account, with its audiences."""
        account = self._objects.read(_resource("serviceaccounts"), attributes.namespace, attributes.name)
        metadata = {
            **mapping(request, "metadata"),
            "name": attributes.name,
            "uid": text(account, "metadata", "uid"),
            "creationTimestamp": now.rfc3339(),
        }
        spec = mapping(request, "spec")
        audiences = list(items(spec, "audiences") or API_AUDIENCES)
        return {**request, "metadata": metadata, "spec": {**spec, "audiences": audiences}}

    def issue(
        self, namespace: str, name: str, request: JsonObject, now: Instant
    ) -> tuple[dict[str, Json], tuple[str, ...]]:
        """Sign the token that a decoded TokenRequest asks for; returns the answer and its warnings.

        Raises:
            KubeError: as `create`.
        """
        warnings: tuple[str, ...] = ()
        request = validate.place(_resource("serviceaccounts"), request, namespace)
        _must_match(request, "name", name, name)
        account = self._objects.read(_resource("serviceaccounts"), namespace, name)
        validate_token_request(request)
        spec = dict(mapping(request, "spec"))
        audiences = tuple(one for one in items(spec, "audiences") if isinstance(one, str)) or API_AUDIENCES
        asked = number(spec, "expirationSeconds") if "expirationSeconds" in spec else DEFAULT_SECONDS
        bound = self._bound(spec.get("boundObjectRef"), namespace, name)
        seconds = min(asked, MAX_SECONDS)
        if seconds != asked:
            warnings += (f"requested expiration of {asked} seconds shortened to {seconds} seconds",)
        now = Instant.from_epoch(int(now.epoch))
        is_extended = (
            bound.pod is not None
            and seconds == EXTENDED_FROM_SECONDS
            and all(one in API_AUDIENCES for one in audiences)
        )
        told = now + timedelta(seconds=seconds)
        token = self._keys.sign(
            ServiceAccountClaims(
                issuer=self._issuer,
                audiences=audiences,
                issued=now,
                not_before=now,
                expires=now + EXTENSION if is_extended else told,
                token_id=self._ids.request_id(),
                namespace=namespace,
                account=_claim(account),
                pod=bound.pod,
                node=bound.node,
                secret=bound.secret,
                warn_after=told if is_extended else None,
            )
        )
        listed: list[Json] = list(audiences)
        answered: dict[str, Json] = {
            "kind": KIND,
            "apiVersion": AUTHENTICATION.api_version,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": text(account, "metadata", "uid"),
                "creationTimestamp": now.rfc3339(),
            },
            "spec": {
                "audiences": listed,
                "expirationSeconds": seconds,
                "boundObjectRef": spec.get("boundObjectRef"),
            },
            "status": {"token": token.reveal(), "expirationTimestamp": told.rfc3339()},
        }
        return answered, warnings

    async def _read(self, exchange: Exchange) -> tuple[JsonObject, tuple[str, ...]]:
        try:
            raw = await exchange.request.body(bodies.MAX_BODY_BYTES)
        except BodyTooLarge:
            raise status.too_large(bodies.MAX_BODY_BYTES) from None
        content_type = exchange.request.header("content-type") or ""
        validation = FieldValidation.parse(exchange.query.get("fieldValidation", ""))
        decoded = bodies.read_object(raw, content_type, AUTHENTICATION, KIND, self._schema, validation)
        return decoded.value, decoded.warnings

    def _bound(self, given: Json, namespace: str, account: str) -> _Bound:
        if given is None:
            return _Bound()
        reference = mapping(given)
        at = GroupVersion.parse(text(reference, "apiVersion"))
        kind, name = text(reference, "kind"), text(reference, "name")
        match at.group, kind:
            case "", "Pod":
                pod = self._objects.read(_resource("pods"), namespace, name)
                # What the ServiceAccount admission plugin fills in, for pods that never passed it.
                runs_as = text(pod, "spec", "serviceAccountName") or "default"
                if runs_as != account:
                    raise status.bad_request(
                        f"cannot bind token for serviceaccount {status.quote(account)} to pod running with "
                        "different serviceaccount name."
                    )
                found = _Bound(pod=_same(reference, pod), node=self._node(text(pod, "spec", "nodeName")))
            case "", "Node":
                node = self._objects.read(_resource("nodes"), "", name)
                found = _Bound(node=_same(reference, node))
            case "", "Secret":
                secret = self._objects.read(_resource("secrets"), namespace, name)
                found = _Bound(secret=_same(reference, secret))
            case _:
                shown = f"{at.group}/{at.version}, Kind={kind}"
                raise status.bad_request(f"cannot bind token to object of type {shown[:200]}")
        return found

    def _node(self, name: str) -> ObjectClaim | None:
        if not name:
            return None
        if not self._objects.exists(_resource("nodes"), "", name):
            return ObjectClaim(name)
        return _claim(self._objects.read(_resource("nodes"), "", name))


def _filled(request: JsonObject) -> JsonObject:
    """Return a TokenRequest with its default, in the form in which admission is asked about it."""
    spec = {"audiences": None, "expirationSeconds": DEFAULT_SECONDS, "boundObjectRef": None}
    status_ = {"token": "", "expirationTimestamp": None}
    return {**request, "spec": {**spec, **mapping(request, "spec")}, "status": status_}


def _same(reference: JsonObject, found: JsonObject) -> ObjectClaim:
    claim, wanted = _claim(found), text(reference, "uid")
    if wanted and wanted != claim.uid:
        sentence = (
            f"the UID in the bound object reference ({wanted}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise status.conflict(text(reference, "kind"), "", claim.name, sentence)
    return claim


def _claim(body: JsonObject) -> ObjectClaim:
    return ObjectClaim(text(body, "metadata", "name"), text(body, "metadata", "uid"))


def _must_match(request: JsonObject, member: str, value: str, name: str) -> None:
    metadata = request.get("metadata")
    given = text(metadata, member) if isinstance(metadata, Mapping) else ""
    if given and given != value:
        problem = f"must match the service account {member} if specified"
        raise status.invalid(
            KIND, AUTHENTICATION.group, name, [bad_value(f"metadata.{member}", given, problem)]
        )


def _resource(plural: str) -> Resource:
    found = REGISTRY.at_path("", "v1", plural)
    assert found is not None  # noqa: S101 - the registry serves them
    return found

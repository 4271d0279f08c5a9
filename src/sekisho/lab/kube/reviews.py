"""The review kinds: questions that are answered and forgotten (who am I, may I, what may I)."""

from collections.abc import Mapping

from sekisho.decide.chain import by_authorizers
from sekisho.decide.eks.creator import API_MODES
from sekisho.decide.node.authorize import node_name
from sekisho.decide.rbac.model import Rule
from sekisho.decide.rbac.rules_for import rules_for
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, JsonObject, KubeUser
from sekisho.lab.kube.authenticator import Authenticator
from sekisho.lab.kube.exchange import Exchange, json_answer
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.service_account_tokens import API_AUDIENCES
from sekisho.wire.http import BodyTooLarge, Response
from sekisho.wire.kube import body as bodies
from sekisho.wire.kube import schema, status, validate
from sekisho.wire.kube.body import FieldValidation
from sekisho.wire.kube.members import items, mapping, text
from sekisho.wire.kube.registry import Resource


class Reviews:
    """Answers the review kinds of one cluster."""

    def __init__(self, cluster: LiveCluster, authenticator: Authenticator) -> None:
        self._cluster = cluster
        self._authenticator = authenticator
        self._schema = schema.load()

    async def answer(self, exchange: Exchange, resource: Resource) -> Response:
        """Answer one review.

        Raises:
            KubeError: the body is no review of this kind, or the verb is not ``create``.
        """
        if exchange.attributes.verb != "create":
            raise status.method_not_allowed()
        review = await self._read(exchange, resource)
        match resource.kind:
            case "SelfSubjectReview":
                answered: JsonObject = {"userInfo": user_info(exchange.user)}
                review = {**review, "metadata": {"creationTimestamp": exchange.now.rfc3339()}}
            case "SelfSubjectAccessReview":
                answered = self._access(exchange.user, mapping(review, "spec"))
            case "SelfSubjectRulesReview":
                namespace = text(review, "spec", "namespace")
                if not namespace:
                    raise status.bad_request("no namespace on request")
                answered, review = self._rules(exchange.user, namespace), {**review, "spec": {}}
            case "TokenReview":
                if not text(review, "spec", "token"):
                    raise status.bad_request("token is required for TokenReview in authentication")
                answered = await self._token(mapping(review, "spec"))
            case _:
                answered = self._access(_subject(mapping(review, "spec")), mapping(review, "spec"))
        metadata = {"creationTimestamp": None, **mapping(review, "metadata")}
        return json_answer({**review, "metadata": metadata, "status": answered}, 201)

    async def _read(self, exchange: Exchange, resource: Resource) -> JsonObject:
        try:
            raw = await exchange.request.body(bodies.MAX_BODY_BYTES)
        except BodyTooLarge:
            raise status.too_large(bodies.MAX_BODY_BYTES) from None
        content_type = exchange.request.header("content-type") or ""
        validation = FieldValidation.parse(exchange.query.get("fieldValidation", ""))
        decoded = bodies.read_object(raw, content_type, resource.at, resource.kind, self._schema, validation)
        review = validate.place(resource, decoded.value, exchange.attributes.namespace)
        validate.validate(resource, review)
        return review

    def _access(self, user: KubeUser, spec: JsonObject) -> JsonObject:
        decision = by_authorizers(user, attributes_of(spec), self._cluster)
        answered: dict[str, Json] = {"allowed": decision.allowed}
        if decision.allowed:
            answered["reason"] = decision.decisive[0].sentence()
        return answered

    def _rules(self, user: KubeUser, namespace: str) -> JsonObject:
        found = rules_for(user, namespace, self._cluster.rbac)
        resource_rules: list[Json] = [_resource_rule(rule) for rule in found.resource_rules]
        url_rules: list[Json] = [_url_rule(rule) for rule in found.url_rules]
        answered: dict[str, Json] = {
            "resourceRules": resource_rules,
            "nonResourceRules": url_rules,
        }
        errors = [step.sentence() for step in found.errors]
        if node_name(user) is not None:
            errors.insert(0, "node authorizer does not support user rule resolution")
        if self._cluster.authentication_mode in API_MODES:
            # The authorizer of access policies is a webhook, and webhooks cannot list (kubernetes
            # ``plugin/pkg/auth/authorizer/webhook``, RulesFor).
            errors.append("webhook authorizer does not support user rule resolution")
        answered["incomplete"] = bool(errors)
        if errors:
            answered["evaluationError"] = "; ".join(errors)
        return answered

    async def _token(self, spec: JsonObject) -> JsonObject:
        """Answer whom a token stands for, to the audiences that are asked for (none: the API server's)."""
        wanted = tuple(one for one in items(spec, "audiences") if isinstance(one, str))
        found = await self._authenticator.authenticate(text(spec, "token"), wanted)
        if found.user is None:
            failed = next((link for link in found.links if not link.decision.allowed), None)
            sentence = failed.decision.sentence() if failed else "the identity is not mapped"
            return {"authenticated": False, "user": {}, "error": sentence}
        # IAM tokens are for no audience of their own: they hold for the API server's.
        held = found.audiences or tuple(one for one in API_AUDIENCES if not wanted or one in wanted)
        if not held:
            return {"authenticated": False, "user": {}, "error": "the token holds for the API server alone"}
        return {"authenticated": True, "user": user_info(found.user), "audiences": list(held)}


def user_info(user: KubeUser) -> JsonObject:
    """Return the user as authentication.k8s.io UserInfo."""
    info: dict[str, Json] = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra}
    return info


def attributes_of(spec: JsonObject) -> RequestAttributes:
    """Return what a SubjectAccessReview asks about; validation made sure that it is exactly one thing."""
    url = spec.get("nonResourceAttributes")
    if isinstance(url, Mapping):
        return RequestAttributes(verb=text(url, "verb"), path=text(url, "path"))
    asked = mapping(spec, "resourceAttributes")
    return RequestAttributes(
        verb=text(asked, "verb"),
        group=text(asked, "group"),
        version=text(asked, "version") or "*",
        resource=text(asked, "resource"),
        subresource=text(asked, "subresource"),
        namespace=text(asked, "namespace"),
        name=text(asked, "name"),
        field_selector=text(asked, "fieldSelector", "rawSelector"),
    )


def _subject(spec: JsonObject) -> KubeUser:
    groups = tuple(group for group in items(spec, "groups") if isinstance(group, str))
    return KubeUser(text(spec, "user"), groups, text(spec, "uid"))


def _resource_rule(rule: Rule) -> JsonObject:
    document: dict[str, Json] = {
        "verbs": list(rule.verbs),
        "apiGroups": list(rule.groups),
        "resources": list(rule.resources),
    }
    return {**document, "resourceNames": list(rule.names)} if rule.names else document


def _url_rule(rule: Rule) -> JsonObject:
    return {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.urls)}

"""Prefix domains of user pools (Cognito user pools API Reference, "CreateUserPoolDomain")."""

from sekisho.facts import Delete, Put, UserPoolDomain
from sekisho.facts.pool_lookup import domain_of_pool, pool_domain, pool_key, user_pool
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters
from sekisho.lab.idp.pool_context import existing_pool, invalid, unserved

_RESERVED = ("aws", "amazon", "cognito")


def create_user_pool_domain(context: Context, parameters: Parameters) -> Answer:
    """Give a pool its domain: ``https://DOMAIN.auth.REGION.amazoncognito.com``."""
    pool = existing_pool(context, parameters["UserPoolId"])
    name = parameters["Domain"]
    if parameters.get("CustomDomainConfig") or parameters.get("Routing"):
        raise unserved("domains of one's own and failover are not served")
    if any(word in name for word in _RESERVED):
        raise invalid("Domain cannot contain reserved word: aws, amazon, cognito")
    if pool_domain(context.facts, context.region, name) is not None:
        raise invalid("Domain already associated with another user pool.")
    if domain_of_pool(context.facts, pool) is not None:
        raise invalid("User pool already has a domain configured.")
    version = parameters.get("ManagedLoginVersion") or 1
    if version not in (1, 2):
        raise invalid("Invalid ManagedLoginVersion.")
    domain = UserPoolDomain(context.region, name, pool.pool, version)
    return Answer({"ManagedLoginVersion": version}, (Put(pool_key(domain), domain),))


def describe_user_pool_domain(context: Context, parameters: Parameters) -> Answer:
    """Describe a domain; of one that is not there AWS answers an empty description."""
    found = pool_domain(context.facts, context.region, parameters["Domain"])
    pool = None if found is None else user_pool(context.facts, found.pool)
    if found is None or pool is None or pool.account != context.account:
        return Answer({"DomainDescription": {}})
    described = {
        "UserPoolId": found.pool,
        "AWSAccountId": pool.account,
        "Domain": found.domain,
        "Status": "ACTIVE",
        "Version": "1",
        "CustomDomainConfig": None,
        "ManagedLoginVersion": found.login_version,
    }
    return Answer({"DomainDescription": described})


def delete_user_pool_domain(context: Context, parameters: Parameters) -> Answer:
    """Take a pool's domain away."""
    pool = existing_pool(context, parameters["UserPoolId"])
    found = domain_of_pool(context.facts, pool)
    if found is None or found.domain != parameters["Domain"]:
        raise invalid("No such domain or user pool exists.")
    return Answer({}, (Delete(pool_key(found)),))


OPERATIONS: dict[str, Operation] = {
    "CreateUserPoolDomain": create_user_pool_domain,
    "DeleteUserPoolDomain": delete_user_pool_domain,
    "DescribeUserPoolDomain": describe_user_pool_domain,
}

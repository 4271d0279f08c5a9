"""The names under which a user pool's secrets are kept. What they hold is in no fact and no journal."""

from sekisho.facts import UserPoolUser


def signing_key_name(pool: str) -> str:
    """Return the name of the private key that signs a pool's tokens."""
    return f"pool-key/{pool}"


def attempts_name(pool: str) -> str:
    """Return the name of how often whose password was wrong."""
    return f"pool-attempts/{pool}"


def tickets_name(pool: str, purpose: str) -> str:
    """Return the name of a pool's open challenges, authorization codes or browser sessions."""
    return f"pool-tickets/{pool}/{purpose}"


def client_name(client: str) -> str:
    """Return the name of the secret of an app client."""
    return f"pool-client/{client}"


def password_name(user: UserPoolUser) -> str:
    """Return the name of the hashes of a user's passwords."""
    return f"pool-password/{user.pool}/{user.sub}"


def sessions_name(user: UserPoolUser) -> str:
    """Return the name of a user's sign-ins that were not revoked."""
    return f"pool-sessions/{user.pool}/{user.sub}"


PURPOSES = ("challenge", "code", "browser")


def pool_names(pool: str) -> tuple[str, ...]:
    """Return the names of what a pool keeps beside its clients' and users' secrets."""
    tickets = (tickets_name(pool, purpose) for purpose in PURPOSES)
    return (signing_key_name(pool), attempts_name(pool), *tickets)

"""Short-lived records of a pool that whoever holds the ticket may use: challenges, codes, browser sessions.

Of a ticket its hash is kept, among the secrets, with the record and the moment at which it ends.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sekisho.decide.values import Secret
from sekisho.lab.idp.pool_context import PoolContext, opaque
from sekisho.lab.idp.secret_names import tickets_name

MAX_TICKETS: Final = 2_000
"""How many of one purpose a pool keeps; the oldest go first."""

Record = Mapping[str, Any]


class Tickets:
    """The tickets of one pool and purpose (`secret_names.PURPOSES`), those that ended left out."""

    def __init__(self, context: PoolContext, pool: str, purpose: str) -> None:
        self._context = context
        self._name = tickets_name(pool, purpose)
        kept = context.secret(self._name)
        known: dict[str, Any] = {} if kept is None else json.loads(kept.reveal())
        now = context.now.epoch
        self._known = {key: one for key, one in known.items() if now < one["ends"]}

    def opened(self, record: Record, lifetime: timedelta) -> Secret:
        """Return the ticket of a new record."""
        ticket = opaque(self._context.ids)
        self._known[token_hash(ticket.reveal())] = {**record, "ends": (self._context.now + lifetime).epoch}
        return ticket

    def found(self, ticket: str) -> Record | None:
        """Return the record of a ticket, None where there is none or it ended."""
        return self._known.get(token_hash(ticket))

    def changed(self, ticket: str, **members: Any) -> None:
        """Change members of a record."""
        self._known[token_hash(ticket)].update(members)

    def closed(self, ticket: str) -> None:
        """Forget a ticket."""
        self._known.pop(token_hash(ticket), None)

    def kept(self) -> Mapping[str, Secret | None]:
        """Return what to keep of all that was opened, changed and closed."""
        newest = dict(list(self._known.items())[-MAX_TICKETS:])
        return {self._name: Secret(json.dumps(newest)) if newest else None}


def token_hash(token: str) -> str:
    """Return that by which a random token is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

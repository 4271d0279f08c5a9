"""From the user pools of a world file to facts: the lab gives the ids that the file leaves open."""

from dataclasses import replace

from sekisho.decide.values import Instant
from sekisho.facts import Event, Put
from sekisho.facts.pool_lookup import PoolFact, pool_key
from sekisho.facts.world.pools import WorldPool
from sekisho.lab.aws.operation import Ids
from sekisho.lab.idp.pool_context import client_id, pool_id


def pool_events(found: WorldPool, ids: Ids, now: Instant) -> tuple[Event, ...]:
    """Return a pool with all that is in it, as made at ``now``. Its users have no passwords yet."""
    made = found.pool.pool or pool_id(ids, found.pool.region)
    pool = replace(found.pool, pool=made, created=now, modified=now)
    clients = (
        replace(one, pool=made, client=one.client or client_id(ids), created=now, modified=now)
        for one in found.clients
    )
    groups = (replace(one, pool=made, created=now, modified=now) for one in found.groups)
    subs = [ids.request_id() for _ in found.users]
    users = (
        replace(
            one,
            pool=made,
            username=sub,
            sub=sub,
            created=now,
            modified=now,
            attributes=(("sub", sub), *one.attributes),
        )
        for one, sub in zip(found.users, subs, strict=True)
    )
    domain = () if found.domain is None else (replace(found.domain, pool=made),)
    facts: tuple[PoolFact, ...] = (pool, *domain, *clients, *groups, *users)
    return tuple(Put(pool_key(one), one) for one in facts)

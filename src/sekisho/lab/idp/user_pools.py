"""The user pools of a running lab: one operation after the other, none on the event loop.

A password costs tens of milliseconds to hash and a key more to make. Operations therefore run in a thread,
on a consistent view of the facts, and one at a time: two guesses at one password are counted as two.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from sekisho.decide.values import Instant, Secret
from sekisho.facts import UserPool
from sekisho.facts.pool_lookup import user_pools
from sekisho.lab.aws.operation import Answer, AwsError, Context, Ids, Operation, Parameters
from sekisho.lab.idp.operations import WITHOUT_SIGNATURE
from sekisho.lab.idp.pool_context import Anybody
from sekisho.lab.idp.secret_names import signing_key_name
from sekisho.lab.idp.signing_keys import new_key
from sekisho.lab.world import Clock, World


class UserPools:
    """Runs what user pools are asked, and commits what becomes true; owned by one event loop."""

    def __init__(self, world: World, clock: Clock, ids: Ids) -> None:
        self._world = world
        self._clock = clock
        self._ids = ids
        self._one_at_a_time = asyncio.Lock()

    async def signed(self, operation: Operation, context: Context, parameters: Parameters) -> Answer:
        """Answer an operation whose caller the door has proven and permitted.

        Raises:
            AwsError: the pool's refusal.
        """
        async with self._one_at_a_time:
            # What was true when the request was permitted may have changed while it waited.
            context = replace(context, facts=self._world.facts)
            return await self._done(lambda: operation(context, parameters))

    async def unsigned(self, name: str, region: str, parameters: Parameters) -> Answer:
        """Answer an operation that is called without a signature.

        Raises:
            AwsError: the pool's refusal, with the decision.
        """
        return await self.run(region, lambda context: WITHOUT_SIGNATURE[name](context, parameters))

    async def run(self, region: str, operation: Callable[[Anybody], Answer]) -> Answer:
        """Run something that needs no more than the pools, and commit what it answers.

        Raises:
            AwsError: as ``operation``.
        """
        async with self._one_at_a_time:
            context = Anybody(self._world.facts, region, self._now(), self._ids, self._world.secret)
            return await self._done(lambda: operation(context))

    async def published_key(self, pool: UserPool) -> Secret:
        """Return the key that signs a pool's tokens, made now where nobody has signed in yet."""
        name = signing_key_name(pool.pool)
        async with self._one_at_a_time:
            found = self._world.secret(name)
            if found is None:
                found = await asyncio.to_thread(new_key)
                self._world.commit((), {name: found})
            return found

    def pool_of_issuer(self, issuer: str) -> UserPool | None:
        """Return the pool whose tokens name exactly this issuer."""
        return next((one for one in user_pools(self._world.facts) if one.issuer == issuer), None)

    async def _done(self, operation: Callable[[], Answer]) -> Answer:
        try:
            answer = await asyncio.to_thread(operation)
        except AwsError as error:
            if error.secrets:
                self._world.commit((), error.secrets)
            raise
        self._world.commit(answer.events, answer.secrets)
        return answer

    def _now(self) -> Instant:
        # Tokens and AWS's dates have whole seconds.
        return Instant.from_epoch(int(self._clock.now().epoch))

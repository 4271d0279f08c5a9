"""The key that seals the encoded messages of refusals; one per lab, made when it is first needed."""

from sekisho.decide.sts.authorization_message import KEY_BYTES
from sekisho.decide.values import Secret
from sekisho.lab.aws.operation import Ids
from sekisho.lab.world import World

_NAME = "authorization-message/key"


def message_key(world: World, ids: Ids) -> bytes:
    """Return the key; messages that were sealed before a restart can be read after it."""
    found = world.secret(_NAME)
    if found is None:
        found = Secret(ids.hex(2 * KEY_BYTES))
        world.commit((), {_NAME: found})
    return bytes.fromhex(found.reveal())

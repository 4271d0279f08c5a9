"""The state of the lab: facts, secrets and history in one SQLite file."""

from sekisho.lab.world.clock import Clock
from sekisho.lab.world.ids import Ids
from sekisho.lab.world.state_dir import StateDir
from sekisho.lab.world.store import Change, Store
from sekisho.lab.world.world import World

__all__ = ["Change", "Clock", "Ids", "StateDir", "Store", "World"]

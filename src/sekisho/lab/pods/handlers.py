"""What probes and hooks do: run a command in a container, ask it over HTTP, connect to a port of it.

Source: Kubernetes API reference, ``core/v1`` Probe, LifecycleHandler; ``pkg/probe``.
"""

import asyncio
import contextlib
import ipaddress
import signal
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sekisho.decide.values import Json, JsonObject
from sekisho.lab.pods.environment import VariableError
from sekisho.lab.pods.sandbox import CommandSpec, Process, Sandbox, SandboxError
from sekisho.lab.pods.streams import Pipes, pump, reading
from sekisho.wire.kube.members import items, mapping, number, objects, text

MAX_TOLD_BYTES = 10 * 1024
"""How much of what a command writes is kept; a kubelet reads as much."""
_DRAIN_SECONDS = 1.0
_OF_A_PATH = "/?%:@!$&'()*+,;=~#[]"


class HandlerError(Exception):
    """A handler that cannot be carried out at all: that says nothing of the container."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether what was done went well, and what there is to say about it."""

    ok: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A running container, as handlers reach it."""

    sandbox: Sandbox
    process: Process
    container: JsonObject
    address: str
    """The pod's."""
    spec: Callable[[Sequence[str]], CommandSpec]
    """Returns what runs a command in the container."""


async def carry_out(handler: JsonObject, place: Place, seconds: float) -> Answer:
    """Return how a handler went, after ``seconds`` at most.

    Raises:
        HandlerError: it cannot be carried out.
    """
    for member, act in _ACTIONS.items():
        if isinstance(handler.get(member), Mapping):
            return await act(mapping(handler, member), place, seconds)
    kind = next((name for name, value in handler.items() if isinstance(value, Mapping)), "none")
    raise HandlerError(f"the lab has no handler {kind}: exec, httpGet, tcpSocket and sleep are what it does")


async def _execute(action: JsonObject, place: Place, seconds: float) -> Answer:
    command = [str(word) for word in items(action, "command")]
    told = bytearray()
    pipes = Pipes.make(stdin=False)
    process: Process | None = None
    try:
        async with asyncio.timeout(seconds):
            try:
                process = await place.sandbox.run(place.spec(command), pipes.theirs, place.process)
            except BaseException:
                pipes.close()
                raise
            pipes.started()
            # All is read, so that the command does not wait for it, but not all is kept.
            pumps = [
                asyncio.ensure_future(pump(await reading(one), lambda part: _keep(told, part)))
                for one in (pipes.stdout, pipes.stderr)
            ]
            ended = await asyncio.shield(process.ended)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*pumps), _DRAIN_SECONDS)
    except TimeoutError:
        return Answer(False, f'command timed out: "{" ".join(command)}" timed out after {seconds:g}s')
    except (SandboxError, OSError) as error:
        return Answer(False, str(error))
    except VariableError as error:
        raise HandlerError(str(error)) from None
    finally:
        if process is not None and not process.ended.done():
            place.sandbox.signal(process, signal.SIGKILL, group=True)
    return Answer(ended.exit_code == 0, told.decode(errors="replace"))


def _keep(told: bytearray, part: bytes) -> None:
    told += part[: MAX_TOLD_BYTES - len(told)]


async def _get(action: JsonObject, place: Place, seconds: float) -> Answer:
    """Ask over HTTP; certificates are not verified, and a redirection is an answer (``pkg/probe/http``)."""
    is_tls = text(action, "scheme") == "HTTPS"
    address, port = _where(action, place)
    path = quote(text(action, "path") or "/", safe=_OF_A_PATH)
    url = f"{'https' if is_tls else 'http'}://{address}:{port}{path}"
    head = {
        "Host": f"{address}:{port}",
        "User-Agent": "kube-probe/1.34",
        "Accept": "*/*",
        "Connection": "close",
    }
    head |= {text(one, "name"): text(one, "value") for one in objects(action, "httpHeaders")}
    if not all(f"{name}{value}".isprintable() for name, value in head.items()):
        raise HandlerError("httpHeaders hold characters that HTTP does not allow")
    lines = (f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", "")
    try:
        async with asyncio.timeout(seconds):
            connection = await _connection(place, address, port)
            try:
                reader, writer = await _opened(connection, is_tls=is_tls)
            except BaseException:
                connection.close()
                raise
            try:
                writer.write("\r\n".join(lines).encode())
                line = await reader.readuntil()
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                line = b""
            finally:
                writer.transport.abort()
    except TimeoutError:
        return Answer(False, f'Get "{url}": context deadline exceeded')
    except (SandboxError, OSError) as error:
        return Answer(False, f'Get "{url}": {error}')
    words = line.decode(errors="replace").split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
        return Answer(False, f'Get "{url}": malformed HTTP response')
    return Answer(200 <= int(words[1]) < 400, f"HTTP probe failed with statuscode: {words[1]}")


async def _opened(
    connection: socket.socket, *, is_tls: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if not is_tls:
        return await asyncio.open_connection(sock=connection)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return await asyncio.open_connection(sock=connection, ssl=context, server_hostname="")


async def _connect(action: JsonObject, place: Place, seconds: float) -> Answer:
    address, port = _where(action, place)
    try:
        async with asyncio.timeout(seconds):
            (await _connection(place, address, port)).close()
    except TimeoutError:
        return Answer(False, f"dial tcp {address}:{port}: i/o timeout")
    except SandboxError as error:
        return Answer(False, f"dial tcp {address}:{port}: {error}")
    return Answer(True)


async def _connection(place: Place, address: str, port: int) -> socket.socket:
    return await place.sandbox.connect(port, (address,), None)  # whoever asks has a time of its own


async def _sleep(action: JsonObject, _place: Place, seconds: float) -> Answer:
    await asyncio.sleep(min(number(action, "seconds"), seconds))
    return Answer(True)


def _where(action: JsonObject, place: Place) -> tuple[str, int]:
    """Return the address and the port of an action; a port may go by its name in the container."""
    address = text(action, "host") or place.address
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise HandlerError(f"host {address} is no IP address: the network of a pod has no names") from None
    port: Json = action.get("port")
    named = {
        text(one, "name"): one.get("containerPort")
        for one in objects(place.container, "ports")
        if "name" in one
    }
    found = named.get(port) if isinstance(port, str) else port
    if isinstance(found, int) and 0 < found < 65_536:
        return address, found
    raise HandlerError(f"couldn't find port {port}")


_ACTIONS = {"exec": _execute, "httpGet": _get, "tcpSocket": _connect, "sleep": _sleep}

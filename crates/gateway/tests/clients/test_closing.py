"""The closing handshake, judged by software of others: a strict protocol engine, and two whole clients."""

import asyncio
import socket
import urllib.parse

import aiohttp
import pytest
import websockets.asyncio.client
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosedOK
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from gateway import DEADLINE, connection_id

BINARY = Frame(Opcode.BINARY, b"x")
TOO_LARGE = Frame(Opcode.TEXT, b"x" * (32 * 1024 + 1))
FAR_TOO_LARGE = Frame(Opcode.TEXT, b"x" * (8 * 1024 * 1024))
NOT_UTF8 = Frame(Opcode.TEXT, b"\xff")
CONTINUES_NOTHING = Frame(Opcode.CONT, b"x")

IDLE = ("--idle-timeout", "0.5")
LIFE = ("--life", "0.5")


class Rfc6455:
    """A socket with the protocol engine of `websockets`, which checks every byte received and makes every byte sent."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=DEADLINE)
        self.protocol = ClientProtocol(parse_uri(url), max_size=None)
        self.protocol.send_request(self.protocol.connect())
        self.send()
        while self.protocol.state is not State.OPEN:
            self.receive()
        assert self.protocol.handshake_exc is None

    def send(self):
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)
            else:
                self.socket.shutdown(socket.SHUT_WR)

    def receive(self):
        data = self.socket.recv(65536)
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()

    def text(self, text):
        self.protocol.send_text(text.encode())
        self.send()

    def hear(self):
        while True:
            for frame in self.protocol.events_received():
                if getattr(frame, "opcode", None) is Opcode.TEXT:
                    return frame.data
            self.receive()

    def violate(self, frame):
        """Sends a frame that the engine itself would refuse to send."""
        self.socket.sendall(frame.serialize(mask=True, extensions=[]))

    def assert_clean_end(self, code):
        """Asserts that only the gateway's close frame comes, and that the gateway hangs up only after the answer to it."""
        while self.protocol.close_rcvd is None:
            self.receive()
        assert self.protocol.parser_exc is None
        assert self.protocol.close_rcvd.code == code
        self.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            self.socket.recv(1)
        self.socket.settimeout(DEADLINE)
        self.send()
        # TCP has to end by FIN. A reset would raise an error here.
        self.receive()
        assert self.protocol.state is State.CLOSED
        assert self.protocol.close_exc.rcvd.code == self.protocol.close_exc.sent.code == code
        assert self.protocol.close_exc.rcvd_then_sent
        self.socket.close()


@pytest.mark.parametrize(
    ("frame", "code"),
    [(BINARY, 1003), (TOO_LARGE, 1009), (FAR_TOO_LARGE, 1009), (NOT_UTF8, 1007), (CONTINUES_NOTHING, 1002)],
)
def test_rfc6455_the_socket_of_a_client_that_breaks_a_rule_is_closed_cleanly(gateway, frame, code):
    client = Rfc6455(gateway.url)
    client.violate(frame)
    client.assert_clean_end(code)


@pytest.mark.parametrize("gateway", [IDLE, LIFE], indirect=True, ids=["idle", "life"])
def test_rfc6455_an_idle_or_old_socket_is_closed_cleanly(gateway):
    Rfc6455(gateway.url).assert_clean_end(1001)


def test_rfc6455_a_deleted_socket_is_closed_cleanly(gateway):
    client = Rfc6455(gateway.url)
    client.text("who am I?")
    gateway.delete(connection_id(client.hear()))
    client.assert_clean_end(1000)


def test_rfc6455_a_gateway_that_stops_closes_its_sockets_cleanly(gateway):
    client = Rfc6455(gateway.url)
    gateway.process.terminate()
    client.assert_clean_end(1001)
    assert gateway.process.wait(DEADLINE) == 0


def within(coroutine):
    async def bounded():
        async with asyncio.timeout(DEADLINE):
            return await coroutine

    return asyncio.run(bounded())


async def aiohttp_end(gateway, act):
    """A socket's end as aiohttp reports it: the close frame's code, and the client's own, which is 1006 if not clean."""
    async with aiohttp.ClientSession() as session, session.ws_connect(gateway.url) as client:
        await act(client.send_str, client.receive_str, client.send_bytes)
        message = await client.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE, message
        assert client.exception() is None
        return message.data, client.close_code


async def websockets_end(gateway, act):
    """A socket's end as `websockets` reports it: the close frame's code, and the client's own. Fails if it is not clean."""
    async with websockets.asyncio.client.connect(gateway.url) as client:
        await act(client.send, client.recv, client.send)
        with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
            await client.recv()
        await client.wait_closed()
        assert closed.value.rcvd_then_sent
        assert closed.value.rcvd.code == closed.value.sent.code
        return closed.value.rcvd.code, client.close_code


CLIENTS = pytest.mark.parametrize("end", [aiohttp_end, websockets_end], ids=["aiohttp", "websockets"])


@CLIENTS
def test_a_socket_is_closed_cleanly_after_a_binary_message(gateway, end):
    async def act(_send, _receive, send_bytes):
        await send_bytes(b"x")

    assert within(end(gateway, act)) == (1003, 1003)


@CLIENTS
def test_a_socket_is_closed_cleanly_after_a_message_that_is_far_too_large(gateway, end):
    async def act(send, _receive, _send_bytes):
        await send("x" * (8 * 1024 * 1024))

    assert within(end(gateway, act)) == (1009, 1009)


@CLIENTS
@pytest.mark.parametrize("gateway", [IDLE, LIFE], indirect=True, ids=["idle", "life"])
def test_an_idle_or_old_socket_is_closed_cleanly(gateway, end):
    async def act(_send, _receive, _send_bytes):
        pass

    assert within(end(gateway, act)) == (1001, 1001)


@CLIENTS
def test_a_deleted_socket_is_closed_cleanly(gateway, end):
    async def act(send, receive, _send_bytes):
        await send("who am I?")
        await asyncio.to_thread(gateway.delete, connection_id(await receive()))

    assert within(end(gateway, act)) == (1000, 1000)


@CLIENTS
def test_a_gateway_that_stops_closes_its_sockets_cleanly(gateway, end):
    async def act(send, receive, _send_bytes):
        await send('{"action":"ping"}')
        assert await receive() == '{"type":"pong"}'
        gateway.process.terminate()

    assert within(end(gateway, act)) == (1001, 1001)
    assert gateway.process.wait(DEADLINE) == 0


def test_a_clients_close_code_and_reason_are_echoed(gateway):
    reason = "r" * 123

    async def with_websockets():
        async with websockets.asyncio.client.connect(gateway.url) as client:
            await client.close(4999, reason)
            return client.protocol.close_rcvd.code, client.protocol.close_rcvd.reason

    async def with_aiohttp():
        async with aiohttp.ClientSession() as session, session.ws_connect(gateway.url) as client:
            await client.close(code=4999, message=reason.encode())
            return client.close_code

    assert within(with_websockets()) == (4999, reason)
    assert within(with_aiohttp()) == 4999
    with pytest.raises(ConnectionClosedOK):
        within(closed_without_a_code(gateway))


async def closed_without_a_code(gateway):
    async with websockets.asyncio.client.connect(gateway.url) as client:
        await client.close()
        await client.recv()

"""The end of a socket in Firefox, the one browser whose `wasClean` is true only after the whole closing handshake."""

import asyncio

import pytest

import firefox
from gateway import DEADLINE

pytestmark = pytest.mark.skipif(firefox.program() is None, reason="there is no Firefox; FIREFOX may name one")

# An empty page has no origin of its own.
EMPTY_PAGE = ("--allow-origin", "null")

# Opens a socket, acts on it, and returns how it ended.
SOCKET = """
new Promise((resolve) => {
  const socket = new WebSocket("%s");
  socket.onopen = () => { %s };
  socket.onclose = ({ wasClean, code }) => resolve(`${wasClean} ${code}`);
})
"""


@pytest.mark.parametrize(
    ("gateway", "act", "end"),
    [
        (EMPTY_PAGE, "socket.send(new Uint8Array(1))", "true 1003"),
        (EMPTY_PAGE, "socket.send('x'.repeat(8 * 1024 * 1024))", "true 1009"),
        ((*EMPTY_PAGE, "--idle-timeout", "0.5"), "", "true 1001"),
        (EMPTY_PAGE, "socket.close(4000, 'r'.repeat(123))", "true 4000"),
    ],
    indirect=["gateway"],
    ids=["binary", "too-large", "idle", "its-own"],
)
def test_firefox_sees_a_clean_end(gateway, act, end):
    evaluated = asyncio.run(asyncio.wait_for(firefox.evaluate(SOCKET % (gateway.url, act)), 2 * DEADLINE))
    assert evaluated["type"] == "success", evaluated
    assert evaluated["result"]["value"] == end

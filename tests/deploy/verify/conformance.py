"""API Gateway's behaviour on the wire, as cases that are played against any deployed Chatterbox: on AWS, and on this machine.

conformance.json has them. A case opens a socket and then goes through its steps; what it leaves out is not looked at.
- `path`: in place of the stage's. `query`, `protocols`: in place of good credentials as a query string.
- `status`: what the handshake is answered, 101 if it is left out; a list has all that are right. `subprotocol`: what it names.
- `steps`: `send` a text, `send_frames` one message in frames of these sizes, `send_binary` bytes in hexadecimal, `ping` a control
  frame (and wait for its pong), `close` with a code; `hear` a text or an object with these members, `hear_size` a text of this
  length, `closed` with this code; `manage` the socket by `@connections`.
"""

import base64
import json
import urllib.parse
from pathlib import Path

from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from clients import PATIENCE, Site, eventually

CASES = json.loads(Path(__file__).with_name("conformance.json").read_text())
OPEN = 101


class Deviation(Exception):
    """What came, and what should have come."""


class Player:
    """Plays cases against one deployment: each with a login of its own, whose beginning is `prefix`.

    `management(url)` makes the client for `@connections` at a callback URL.
    """

    def __init__(self, site: Site, callback_url: str, management, prefix: str):
        self.site, self.prefix = site, prefix
        self._callback_url, self._management = callback_url, management

    def play(self, case: dict):
        """Raises `Deviation`."""
        login = f"{self.prefix} {CASES.index(case)}"
        chatter_id = self.site.issue(login)
        code = base64.urlsafe_b64encode(f"{login}\0{chatter_id}".encode()).decode().rstrip("=")
        stage = self.site.deployment.socket_url.split("/")[-1]
        known = {"$LOGIN": login, "$CHATTER": chatter_id, "$CODE": code, "$STAGE": stage}
        case = json.loads(filled(json.dumps(case), known))
        try:
            with self._opened(case, login, chatter_id) as socket:
                agree("the handshake's status", OPEN, case.get("status", OPEN))
                if "subprotocol" in case:
                    agree("the subprotocol", socket.subprotocol, case["subprotocol"])
                self._go_through(case.get("steps", []), socket, login)
        except InvalidStatus as refused:
            agree("the handshake's status", refused.response.status_code, case.get("status", OPEN))

    def _opened(self, case: dict, login: str, chatter_id: str) -> ClientConnection:
        url = urllib.parse.urlsplit(self.site.deployment.socket_url)
        if path := case.get("path"):
            url = url._replace(path=url.path.rpartition("/")[0] + path)
        query = urllib.parse.urlencode(case.get("query", {"login": login, "chatter": chatter_id}))
        return connect(
            url._replace(query=query).geturl(), subprotocols=case.get("protocols"),
            open_timeout=PATIENCE, close_timeout=5, ping_interval=None, max_size=None,
        )

    def _go_through(self, steps: list[dict], socket: ClientConnection, login: str):
        # It is asked for before anything can close the socket, and its row with it.
        own = any("manage" in step for step in steps) and eventually("the socket has a row", lambda: self.site.connections_of(login))
        for step in steps:
            if "manage" in step:
                self._manage({"id": own[0]["connection_id"]["S"], **step})
            else:
                [(action, value)] = step.items()
                ACTIONS[action](socket, value)

    def _manage(self, step: dict):
        url = self._callback_url
        if stage := step.get("stage"):
            url = url.rpartition("/")[0] + f"/{stage}"
        client = self._management(url)
        call = {"post": client.post_to_connection, "get": client.get_connection, "delete": client.delete_connection}[step["manage"]]
        data = {"Data": step.get("body", "x" * step.get("size", 0)).encode()} if step["manage"] == "post" else {}
        try:
            answer, error = call(ConnectionId=step["id"], **data), None
        except ClientError as refused:
            answer, error = refused.response, refused.response["ResponseMetadata"]["HTTPHeaders"].get("x-amzn-errortype")
        agree(f"the status of {step['manage']} @connections", answer["ResponseMetadata"]["HTTPStatusCode"], step["status"])
        if "error" in step:
            agree("the header x-amzn-errortype", (error or "").split(":")[0], step["error"])
        if "members" in step:
            agree("the members", sorted(name for name in answer if name != "ResponseMetadata"), step["members"])


def filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, json.dumps(value)[1:-1])
    return text


def agree(what: str, came, wanted):
    if came not in (wanted if isinstance(wanted, list) and not isinstance(came, list) else [wanted]):
        raise Deviation(f"{what}: {came!r}, not {wanted!r}")


def heard(socket: ClientConnection) -> str:
    try:
        text = socket.recv(timeout=PATIENCE)
    except TimeoutError:
        raise Deviation(f"nothing was heard in {PATIENCE:.0f} s") from None
    except ConnectionClosed as closed:
        raise Deviation(f"the socket was closed: {closed}") from None
    agree("the kind of frame", "text" if isinstance(text, str) else "binary", "text")
    return text


def hear(socket: ClientConnection, wanted: str | dict):
    text = heard(socket)
    try:
        came = json.loads(text)
    except ValueError:
        came = text
    if isinstance(wanted, dict) and isinstance(came, dict):
        came, text = {name: came[name] for name in wanted if name in came}, text
    agree("what was heard", came, wanted)


def closed(socket: ClientConnection, code: int):
    try:
        text = socket.recv(timeout=PATIENCE)
    except TimeoutError:
        raise Deviation(f"the socket was not closed in {PATIENCE:.0f} s") from None
    except ConnectionClosed as end:
        agree("the close code", end.rcvd and end.rcvd.code, code)
        return
    raise Deviation(f"the socket was not closed, but heard {text[:200]!r}")


def ping(socket: ClientConnection, data: str):
    if not socket.ping(data).wait(PATIENCE):
        raise Deviation(f"no pong came in {PATIENCE:.0f} s")


ACTIONS = {
    "send": lambda socket, text: socket.send(text),
    "send_frames": lambda socket, sizes: socket.send(["x" * size for size in sizes] if len(sizes) > 1 else "x" * sizes[0]),
    "send_binary": lambda socket, data: socket.send(bytes.fromhex(data)),
    "ping": ping,
    "close": lambda socket, code: socket.close(code),
    "hear": hear,
    "hear_size": lambda socket, size: agree("the length of what was heard", len(heard(socket)), size),
    "closed": closed,
}

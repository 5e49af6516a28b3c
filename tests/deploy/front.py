"""A port before the emulator that names the subprotocol in the answer to a handshake, as API Gateway does and ministack does not."""

import socket
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

OPENED = b"HTTP/1.1 101"
SUBPROTOCOL = b"\r\nSec-WebSocket-Protocol: chatterbox.v1"


@contextmanager
def front(url: str):
    """The URL of a socket at this port, for that of one at the emulator."""
    target = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, target.port), daemon=True).start()
        yield target._replace(netloc=f"127.0.0.1:{listener.getsockname()[1]}").geturl()


def serve(listener: socket.socket, port: int):
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=pump, args=(near, far, lambda head: head), daemon=True).start()
        threading.Thread(target=pump, args=(far, near, with_subprotocol), daemon=True).start()


def with_subprotocol(head: bytes) -> bytes:
    line, rest = head.split(b"\r\n", 1)
    return line + SUBPROTOCOL + b"\r\n" + rest if head.startswith(OPENED) else head


def pump(source: socket.socket, sink: socket.socket, of_head):
    """Copies what comes, the head of the request or of the answer as `of_head` makes it, until one side ends."""
    try:
        head = b""
        while b"\r\n\r\n" not in head:
            data = source.recv(65536)
            if not data:
                return
            head += data
        sink.sendall(of_head(head))
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

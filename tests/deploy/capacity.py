"""Counting proxy between the functions and the emulator's DynamoDB: it asks for each request's consumed capacity.

Each function has an address of its own, by whose path the proxy knows which one asks.
"""

import json
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FORWARDED = ("x-amz-target", "content-type", "authorization", "x-amz-date")


class CountingDynamoDb:
    """Requests and their units by function, as `{"connect": {"requests": 2, "read": 0.5, "write": 5.0}}`."""

    def __init__(self, upstream: str):
        self._lock, self._units = threading.Lock(), new_units()
        counting = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                body["ReturnConsumedCapacity"] = "INDEXES"
                status, answer = forward(upstream, self.headers, body)
                operation = self.headers["x-amz-target"].split(".")[1]
                counting._count(self.path.strip("/"), operation, json.loads(answer))
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, function: str) -> str:
        """The endpoint of DynamoDB for this function."""
        return f"{self._url}/{function}"

    def has_written(self, function: str) -> bool:
        """Whether this function has written anything since the last `take`."""
        with self._lock:
            return self._units[function]["write"] > 0

    def requests(self, function: str) -> int:
        """How much this function has asked since the last `take`."""
        with self._lock:
            return self._units[function]["requests"]

    def take(self) -> dict:
        """Requests and units by function since the last `take`."""
        with self._lock:
            taken, self._units = self._units, new_units()
        return {function: dict(units) for function, units in taken.items()}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _count(self, function: str, operation: str, answer: dict):
        consumed = answer.get("ConsumedCapacity", [])
        kind = "read" if operation in ("GetItem", "Query") else "write"
        with self._lock:
            self._units[function]["requests"] += 1
            for table in consumed if isinstance(consumed, list) else [consumed]:
                self._units[function][kind] += table["CapacityUnits"]


def new_units():
    return defaultdict(lambda: {"requests": 0, "read": 0.0, "write": 0.0})


def forward(upstream: str, headers, body: dict) -> tuple[int, bytes]:
    kept = {name: headers[name] for name in FORWARDED if headers[name]}
    request = urllib.request.Request(upstream, json.dumps(body).encode(), kept)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()

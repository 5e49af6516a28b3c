"""Counting proxy between the functions and the emulator's DynamoDB: it asks for each request's consumed capacity."""

import json
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The function that makes each request: no two functions make the same one, but for what `function_of` tells apart.
FUNCTION_OF = {
    "TransactWriteItems": "connect",
    "GetItem": "default",
    "UpdateItem": "notify",
    # notify also deletes rows, but only of dead sockets, of which there are none here.
    "DeleteItem": "disconnect",
}
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
                counting._count(self.headers["x-amz-target"].split(".")[1], body, json.loads(answer))
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def has_written(self, function: str) -> bool:
        """Whether this function has written anything since the last `take`."""
        with self._lock:
            return self._units[function]["write"] > 0

    def take(self) -> dict:
        """Requests and units by function since the last `take`."""
        with self._lock:
            taken, self._units = self._units, new_units()
        return {function: dict(units) for function, units in taken.items()}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _count(self, operation: str, request: dict, answer: dict):
        consumed = answer.get("ConsumedCapacity", [])
        function = function_of(operation, request)
        kind = "read" if operation in ("GetItem", "Query") else "write"
        with self._lock:
            self._units[function]["requests"] += 1
            for table in consumed if isinstance(consumed, list) else [consumed]:
                self._units[function][kind] += table["CapacityUnits"]


def function_of(operation: str, request: dict) -> str:
    """connect counts rows and reads chatters, disconnect reads an index, and notify reads rows."""
    if request.get("Select") == "COUNT" or "chatter_hash" in request.get("Key", {}):
        return "connect"
    return FUNCTION_OF.get(operation) or ("disconnect" if "IndexName" in request else "notify")


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

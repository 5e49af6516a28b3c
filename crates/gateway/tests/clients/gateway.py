"""The real program `gateway` on a free port: with a mock for pings, or with what a folder describes."""

import json
import pathlib
import subprocess
import urllib.request

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[3]
PROGRAM = ROOT / "target" / "debug" / "gateway"
PING = ("--mock", 'ping={"type":"pong"}')
# Longest wait for anything, in seconds, generous enough for a busy machine.
DEADLINE = 60


class Gateway:
    def __init__(self, *flags, folder=None):
        command = [PROGRAM, "--port", "0", *(() if folder else PING), *flags]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        assert words and words[0] == "ready", "the gateway did not print that it is ready"
        self.url, self.connections = words[1], words[2]

    def stop(self):
        """Stops it by SIGTERM, and returns its exit status."""
        self.process.terminate()
        return self.process.wait(DEADLINE)

    def delete(self, connection_id):
        """Closes a socket by `@connections`."""
        url = f"{self.connections}/{connection_id}"
        request = urllib.request.Request(url, method="DELETE")
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            assert answer.status == 204


def connection_id(frame):
    """A socket's connection ID, from the error frame with which a message without a route is answered."""
    return json.loads(frame)["connectionId"]

"""The real program `gateway`, with a function, on a port of its own."""

import json
import pathlib
import subprocess
import urllib.request

HERE = pathlib.Path(__file__).parent
PROGRAM = HERE.parents[3] / "target" / "debug" / "gateway"
# The longest wait. It is long because the machine may be busy; what has happened ends the wait.
DEADLINE = 60


class Gateway:
    def __init__(self, *flags):
        command = [PROGRAM, "--port", "0", "--mock", 'ping={"type":"pong"}', *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        assert words and words[0] == "ready", "the gateway does not start"
        self.url, self.connections = words[1], words[2]

    def stop(self):
        """Ends it, as Ctrl-C does, and returns its exit status."""
        self.process.terminate()
        return self.process.wait(DEADLINE)

    def delete(self, connection_id):
        """Closes a socket by `@connections`."""
        url = f"{self.connections}/{connection_id}"
        request = urllib.request.Request(url, method="DELETE")
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            assert answer.status == 204


def connection_id(frame):
    """The id of a socket, from the answer to a message that has no route."""
    return json.loads(frame)["connectionId"]

"""ministack, an emulator of AWS that others wrote. It runs the functions' real binaries behind a WebSocket API."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 60.0
ATTEMPTS = 5


# Runs a program until it ends, or until whoever started it has closed the pipe or is gone: a worker of pytest-xdist may be killed
# before it has put anything away.
KEEPER = """import subprocess, sys, threading, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
threading.Thread(target=lambda: (sys.stdin.read(), child.terminate(), time.sleep(30), child.kill()), daemon=True).start()
sys.exit(child.wait())
"""


class Emulator:
    """A ministack for these tests, on a free port of the loopback interface."""

    def __init__(self, folder: Path):
        self.log = folder / "ministack.log"
        # Another program may take the port before ministack listens on it. ministack then ends, and the next try follows.
        for _ in range(ATTEMPTS):
            self._start(folder, free_port())
            if self._is_up():
                return
        raise RuntimeError(f"ministack is not up:\n{self.log.read_text()[-2000:]}")

    def _start(self, folder: Path, port: int):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # The variables that docs/deploy.md says to export, and the emulator's URL. No others, so that a command works in
        # the tests only if it works as its document says (test_documents.py compares).
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", KEEPER, Path(sys.executable).with_name("ministack")],
            cwd=folder,
            stdin=subprocess.PIPE,
            # By default it would listen on all interfaces. TMPDIR: it leaves the functions' code there.
            # LAMBDA_WARM_TTL_SECONDS: a function that was stopped when idle would repeat the calls of its start.
            env={**os.environ, **self.environment, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
                 "SFTP_ENABLED": "0", "TMPDIR": str(folder), "LAMBDA_WARM_TTL_SECONDS": "3600"},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def _is_up(self) -> bool:
        """Waits until it answers (`True`) or has ended (`False`)."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2).close()
                return self.process.poll() is None
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.stop()
        return False

    def stop(self):
        """Stops it, and with it the functions' processes."""
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

"""ministack: AWS as others have understood it. It runs the functions' real binaries behind a WebSocket API."""

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


class Emulator:
    """A ministack of our own, on a free port of this machine alone."""

    def __init__(self, folder: Path):
        self.log = folder / "ministack.log"
        # Somebody else may have taken the port by the time that it listens; it then ends.
        for _ in range(ATTEMPTS):
            self._start(folder, free_port())
            if self._is_up():
                return
        raise RuntimeError(f"ministack is not up:\n{self.log.read_text()[-2000:]}")

    def _start(self, folder: Path, port: int):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # What docs/deploy.md says to export, credentials, and where the emulator is. No more, or else the tests would
        # give to a command what its document does not (test_documents.py compares).
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("ministack")],
            cwd=folder,
            # Its own default is to listen to the whole network. TMPDIR: it leaves the functions' code there.
            # A function that was stopped for being idle would ask again what it asks when it starts.
            env={**os.environ, **self.environment, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
                 "SFTP_ENABLED": "0", "TMPDIR": str(folder), "LAMBDA_WARM_TTL_SECONDS": "3600"},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def _is_up(self) -> bool:
        """Waits until it answers, or has ended."""
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
        """Ends it, and with it the functions' processes."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

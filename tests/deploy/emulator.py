"""ministack: AWS as others have understood it. It runs the functions' real binaries behind a WebSocket API."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 30.0


class Emulator:
    """A ministack of our own, on a free port of this machine alone."""

    def __init__(self, folder: Path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.log = folder / "ministack.log"
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("ministack")],
            cwd=folder,
            # Its own default is to listen to the whole network. TMPDIR: it leaves the functions' code there.
            env={**clean_environment(), **self.environment, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port),
                 "SFTP_ENABLED": "0", "TMPDIR": str(folder)},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        self._wait_until_up()

    def _wait_until_up(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"ministack is not up:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        """Ends it, and with it the functions' processes."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that could reach a real account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

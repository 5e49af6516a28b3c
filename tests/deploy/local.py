"""The local system, as `make run` starts it, but on free ports."""

import subprocess
from contextlib import contextmanager
from pathlib import Path

from clients import PATIENCE
from deployment import PROGRAMS


@contextmanager
def local_system(folder: Path):
    """What it says of itself, by name; its log is in the folder."""
    log = folder / "local.log"
    process = subprocess.Popen(
        [PROGRAMS / "chatter", "local", "--port", "0", "--dynamodb-port", "0"],
        stdout=subprocess.PIPE, stderr=log.open("wb"), text=True,
    )
    try:
        ready = process.stdout.readline().split()
        assert ready[:1] == ["ready"], log.read_text()[-2000:]
        yield dict(zip(ready[1::2], ready[2::2]))
    finally:
        process.terminate()
        process.wait(PATIENCE)

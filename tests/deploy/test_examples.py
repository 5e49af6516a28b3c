"""The examples of docs/deploy.md issue chatter IDs that open sockets."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import INFRA, ROOT

EXAMPLES = ROOT / "docs" / "issue"
RUST = Path(os.environ.get("ISSUE_RS", ROOT / "target" / "debug" / "examples" / "issue"))


def node(folder: Path) -> list:
    """Beside a node_modules, as it would be in a site's backend."""
    (folder / "node_modules").symlink_to(INFRA / "node_modules")
    return ["node", shutil.copy(EXAMPLES / "issue.mjs", folder)]


def python(_) -> list:
    return [sys.executable, EXAMPLES / "issue.py"]


def rust(_) -> list:
    assert RUST.exists(), f"{RUST} is missing: cargo build --package e2e --example issue"
    return [RUST]


@pytest.mark.parametrize("program", [node, python, rust])
def test_an_example_issues_a_chatter_id_that_opens_a_socket(site, emulator, tmp_path, program):
    login = f"{program.__name__} says café"
    environment = {**os.environ, **emulator.environment, "CHATTERS_TABLE": site.outputs["ChattersTable"]}
    command = [*program(tmp_path), login]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with site.browser(login, done.stdout.strip()):
        assert len(site.connections_of(login)) == 1

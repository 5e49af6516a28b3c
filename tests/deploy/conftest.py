"""Fixtures: one emulator and one deployed stack for all tests, each of which has a login of its own."""

import os
import subprocess

import pytest

from clients import PATIENCE, Aws, Site
from deployment import PROGRAMS, Deployment, bootstrap
from emulator import Emulator
from ways_in import ways_in


def pytest_configure():
    """Removes this machine's AWS settings, so that no test reaches a real account, and uses no proxy for 127.0.0.1."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    os.environ.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    emulator = Emulator(tmp_path_factory.mktemp("ministack"))
    try:
        bootstrap(emulator, tmp_path_factory.mktemp("bootstrap"))
        # The stacks have `apiGatewayLogRole: false`, which needs an account where somebody has seen to it.
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::000000000000:role/logs"}
        Aws(emulator.url).client("apigateway").update_account(patchOperations=[role])
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def aws(emulator):
    return Aws(emulator.url)


@pytest.fixture(scope="session")
def deployment(emulator, aws, tmp_path_factory):
    return Deployment(emulator, "Chatterbox", tmp_path_factory.mktemp("Chatterbox"), {"waysIn": ways_in(aws)})


@pytest.fixture
def site(deployment, aws):
    return Site(deployment, aws)


@pytest.fixture
def login(request):
    """A login that no other test has."""
    return request.node.name


@pytest.fixture
def local(tmp_path):
    """The local system, as `make run` starts it, but on free ports: what it says of itself, by name."""
    process = subprocess.Popen(
        [PROGRAMS / "chatter", "local", "--port", "0", "--dynamodb-port", "0"],
        stdout=subprocess.PIPE, stderr=(tmp_path / "local.log").open("wb"), text=True,
    )
    try:
        ready = process.stdout.readline().split()
        assert ready[:1] == ["ready"], (tmp_path / "local.log").read_text()[-2000:]
        yield dict(zip(ready[1::2], ready[2::2]))
    finally:
        process.terminate()
        process.wait(PATIENCE)

"""One emulator and one deployed stack for all tests: each has a login of its own, so they do not meet."""

import pytest

from clients import Aws, Site
from deployment import Deployment, bootstrap
from emulator import Emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    emulator = Emulator(tmp_path_factory.mktemp("ministack"))
    try:
        bootstrap(emulator)
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def aws(emulator):
    return Aws(emulator.url)


@pytest.fixture(scope="session")
def deployment(emulator, tmp_path_factory):
    return Deployment(emulator, "Chatterbox", tmp_path_factory.mktemp("Chatterbox"), {})


@pytest.fixture
def site(deployment, aws):
    return Site(deployment, aws)


@pytest.fixture
def login(request):
    """A login that no other test has."""
    return request.node.name

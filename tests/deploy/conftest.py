"""Fixtures: one emulator and one deployed stack for all tests, each of which has a login of its own."""

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

from clients import Aws, Site
from deployment import Deployment, bootstrap
from emulator import Emulator
from local import local_system
from ways_in import ways_in


def pytest_configure():
    """Removes this machine's AWS settings, so that no test reaches a real account, and uses no proxy for 127.0.0.1."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    os.environ.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    # CDK's own rules for templates take five times as long as all the rest of a synthesis. infra/test holds the app to them.
    os.environ["CDK_VALIDATION"] = "false"


class Workers(LoadScopeScheduling):
    """Gives each test to whichever worker is free, but all tests of some modules to one.

    `--dist loadgroup` would be for this; it does nothing in pytest-xdist 3.8 with pytest 9.2.
    """

    # They deploy or start something of their own, once for all of their tests.
    TOGETHER = {"test_by_hand.py", "test_conformance.py", "test_replacing.py", "test_second_emulator.py", "test_template.py"}

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::")[0]
        return module if module in self.TOGETHER else nodeid


def pytest_xdist_make_scheduler(config, log):
    return Workers(config, log)


def pytest_collection_modifyitems(items):
    """The longest first, so that no worker begins with them when the other has nothing left to do."""
    items.sort(key=lambda item: item.path.name != "test_verify.py")


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
    with local_system(tmp_path) as ready:
        yield ready

"""A gateway for each test, with the flags that its parameter names."""

import pytest

from gateway import Gateway


@pytest.fixture
def gateway(request):
    gateway = Gateway(*getattr(request, "param", ()))
    try:
        yield gateway
    finally:
        gateway.process.kill()
        gateway.process.wait()

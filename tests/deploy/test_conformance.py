"""The cases of `make verify-aws`, on the local gateway and on the emulator."""

from types import SimpleNamespace

import pytest

from clients import Aws, Site
from local import local_system
from verify.conformance import CASES, Deviation, Player

# Names of cases in which ministack 1.5.33 is not as AWS, and how.
GAPS = {
    "a subprotocol that $connect names reaches the client": "it names none",
    "$connect's 401 is passed on: no credentials": "403",
    "$connect's 401 is passed on: an unknown chatter ID": "403",
    "$connect's 400 is passed on: too many topics": "403",
    "$connect's 400 is passed on: credentials as a subprotocol alone": "403",
    "another stage is forbidden": "it opens a socket",
    "a path under the stage is no socket": "it opens a socket",
    "a frame over 32 KB closes its sender with 1009": "it is taken",
    "a message over 128 KB closes its sender with 1009": "it is taken",
    "a binary message closes its sender with 1003": "it is taken",
    "a post over 128 KB is 413": "200",
    "get says when a socket was opened and last used, and by whom": "its members begin with capitals",
    "a post to a socket that has closed itself is 410": "200, for a moment",
    "a post to what cannot be an ID is 400": "410",
    "a post to another stage is forbidden": "200",
}
# A moment may be over, or not.
UNSURE = {"a post to a socket that has closed itself is 410"}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_local_gateway_does_what_aws_is_asked_to_do(case, local_player):
    local_player.play(case)


@pytest.fixture(scope="module")
def local_player(tmp_path_factory):
    """On `chatter local`, whose tables have the names of their kinds."""
    with local_system(tmp_path_factory.mktemp("local")) as local:
        url, tables = local["socket"], {"ChattersTable": "chatters", "ConnectionsTable": "connections"}
        site = Site(SimpleNamespace(outputs=tables, socket_url=url), Aws(local["dynamodb"]))
        yield Player(site, url.replace("ws://", "http://"), management, "conformance")


def management(url: str):
    return Aws(url).client("apigatewaymanagementapi")


def test_the_emulator_does_so_but_for_known_gaps(site, deployment):
    """A gap that is closed is no longer to be in the list."""
    player = Player(site, deployment.callback_url, management, "conformance")
    deviations = {}
    for case in CASES:
        try:
            player.play(case)
        except Deviation as deviation:
            deviations[case["name"]] = str(deviation)
    assert deviations.keys() - UNSURE == GAPS.keys() - UNSURE, deviations

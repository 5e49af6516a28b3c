"""The cost estimate's requests and units are those that the functions use, in calm and while handshakes are refused."""

import json
import uuid

from capacity import CountingDynamoDb
from clients import Site, eventually
from deployment import INFRA, Deployment


def test_the_cost_estimates_request_units_are_those_that_the_functions_use(emulator, aws, tmp_path):
    dynamodb = CountingDynamoDb(emulator.url)
    try:
        deployment = Deployment(
            emulator, "Measured", tmp_path, {}, environment={"AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url}
        )
        site = Site(deployment, aws)
        chatter_id = site.issue("measured")
        one_round(site, chatter_id, dynamodb)
        # The first round includes the calls that the functions make once, when they start.
        dynamodb.take()
        one_round(site, chatter_id, dynamodb)
        units = dynamodb.take()
        # A transaction that is refused has no units in its answer, and so its requests alone are counted.
        refused = {"requests": refusal(site, dynamodb)["requests"]}
        handshakes = {
            "goodInCalm": dict(units["connect"]),
            "firstRefused": refused,
            "refusedInFlood": refusal(site, dynamodb),
            "goodInFlood": admission(site, chatter_id, dynamodb),
        }
        for of_function in units.values():
            of_function.pop("requests")
        measured = json.loads((INFRA / "cost" / "measured.json").read_text())
        assert (units, handshakes) == (measured["units"], measured["handshakes"])
    finally:
        dynamodb.stop()


def one_round(site: Site, chatter_id: str, dynamodb: CountingDynamoDb):
    """Opens a socket, syncs, pushes an update to it, and closes it."""
    with site.browser("measured", chatter_id) as browser:
        browser.say({"action": "sync", "login": "measured", "cursor": None, "n": 1})
        browser.hear()
        assert site.invoke_notify({"login": "measured", "body": {"message": "x" * 200}})["sent"] == 1
    # The last request, which deletes the row, takes effect a moment before it is counted.
    eventually("$disconnect is counted", lambda: dynamodb.has_written("disconnect"))


def refusal(site: Site, dynamodb: CountingDynamoDb) -> dict:
    """What a handshake with a wrong chatter ID makes `connect` ask."""
    dynamodb.take()
    assert site.refusal("measured", str(uuid.uuid4())) in (401, 403)
    return dynamodb.take()["connect"]


def admission(site: Site, chatter_id: str, dynamodb: CountingDynamoDb) -> dict:
    """What a handshake that is let in makes `connect` ask."""
    dynamodb.take()
    with site.browser("measured", chatter_id):
        return dynamodb.take()["connect"]

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
        units["revoke"] = revocation(site, dynamodb)
        over_the_cap, row_bytes = crowd(site, dynamodb)
        handshakes |= over_the_cap
        for of_function in units.values():
            of_function.pop("requests")
        measured = json.loads((INFRA / "cost" / "measured.json").read_text())
        assert (units, handshakes) == (measured["units"], measured["handshakes"])
        # The emulator takes a count of rows for the smallest there is; what it takes in AWS goes by the size of the rows.
        assert row_bytes == measured["crowd"]["rowBytes"]
    finally:
        dynamodb.stop()


# Five times the cap, which a login may have.
ROWS = json.loads((INFRA / "cost" / "measured.json").read_text())["crowd"]["rows"]


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
    return refused(site, "measured", str(uuid.uuid4()), dynamodb)


def refused(site: Site, login: str, chatter_id: str, dynamodb: CountingDynamoDb) -> dict:
    dynamodb.take()
    # The emulator answers 403 for whatever `$connect` refuses with.
    assert site.refusal(login, chatter_id) in (401, 403, 429)
    return dynamodb.take()["connect"]


def admission(site: Site, chatter_id: str, dynamodb: CountingDynamoDb) -> dict:
    """What a handshake that is let in makes `connect` ask."""
    dynamodb.take()
    with site.browser("measured", chatter_id):
        return dynamodb.take()["connect"]


def revocation(site: Site, dynamodb: CountingDynamoDb) -> dict:
    """What deleting a chatter ID that has one socket open makes `revoke` ask."""
    # The first time includes what the function asks once, when it starts.
    for _ in range(2):
        chatter_id = site.issue("leaving")
        with site.browser("leaving", chatter_id) as browser:
            dynamodb.take()
            site.revoke("leaving", chatter_id)
            assert browser.hear()["type"] == "closing"
            # It reads the sockets, asks whether the item is gone, deletes a row, and reads the sockets again.
            eventually("revoke has looked again", lambda: dynamodb.requests("revoke") >= 4)
    return dynamodb.take()["revoke"]


def crowd(site: Site, dynamodb: CountingDynamoDb) -> tuple[dict[str, dict], int]:
    """
    What a handshake with the right chatter ID makes `connect` ask, where its login has all the sockets that it may have; and how
    large one of their rows is.
    """
    chatter_id = site.issue("crowded")
    with site.browser("crowded", chatter_id):
        [row] = site.connections_of("crowded")
        for n in range(ROWS):
            copy = {**row, "connection_id": {"S": f"{n:014}A="}}
            site.dynamodb.put_item(TableName=site.outputs["ConnectionsTable"], Item=copy)
    # Its process begins anew, and has refused nobody. The next handshake includes what it asks once, when it starts.
    site.functions.update_function_configuration(FunctionName=site.outputs["ConnectFunction"], Timeout=20)
    admission(site, site.issue("measured"), dynamodb)
    handshakes = {
        "firstOverCap": refused(site, "crowded", chatter_id, dynamodb),
        "overCapInFlood": refused(site, "crowded", chatter_id, dynamodb),
    }
    return handshakes, item_bytes(row)


def item_bytes(item: dict) -> int:
    """The size of an item of texts and numbers ("DynamoDB item sizes and formats"): of a number, a byte for two digits and one more."""
    sizes = {"S": lambda text: len(text.encode()), "N": lambda number: (len(number) + 1) // 2 + 1}
    return sum(len(name) + sizes[kind](value) for name, typed in item.items() for kind, value in typed.items())

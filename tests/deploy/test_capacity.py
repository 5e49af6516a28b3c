"""The cost estimate's request units are those that the functions use."""

import json

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
        # The emulator takes no notice of filters, and would invoke revoke with every change of the table.
        for mapping in site.functions.list_event_source_mappings(FunctionName="Measured-revoke")["EventSourceMappings"]:
            site.functions.delete_event_source_mapping(UUID=mapping["UUID"])
        chatter_id = site.issue("measured")
        one_round(site, chatter_id, dynamodb)
        # The first round includes the calls that the functions make once, when they start.
        dynamodb.take()
        one_round(site, chatter_id, dynamodb)
        assert dynamodb.take() == json.loads((INFRA / "cost" / "measured.json").read_text())["units"]
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

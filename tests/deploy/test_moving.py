"""A site that had all this already moves its table, its clients and its pipeline over by settings alone."""

import os
import subprocess
import sys
import urllib.parse
import uuid

import pytest
from websockets.sync.client import connect

from clients import PATIENCE, Browser, Site
from deployment import ROOT, Deployment
from documents import DEPLOY, commands

NAMES = {"login": "geek", "chatter": "id", "topic": "topic"}


@pytest.fixture
def old_table(aws):
    """Logins and chatter IDs in the clear, as a site may have them."""
    dynamodb, chatter_id = aws.client("dynamodb"), str(uuid.uuid4())
    dynamodb.create_table(
        TableName="Geeks",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "geek", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "geek", "KeyType": "HASH"}],
    )
    dynamodb.put_item(TableName="Geeks", Item={"geek": {"S": "friendless"}, "id": {"S": chatter_id.upper()}})
    dynamodb.put_item(TableName="Geeks", Item={"geek": {"S": "ghost"}, "id": {"S": "12345"}})
    yield chatter_id
    dynamodb.delete_table(TableName="Geeks")


def test_existing_ids_clients_and_pipeline_go_on_as_they_are(emulator, aws, old_table, tmp_path):
    site = Site(Deployment(emulator, "Moved", tmp_path, {"parameters": NAMES}), aws)
    move(emulator, site)
    query = urllib.parse.urlencode({"geek": "friendless", "id": old_table, "topic": "updates,plays"})
    with connect(f"{site.deployment.socket_url}?{query}", open_timeout=PATIENCE) as socket:
        site.invoke_notify({"users": ["friendless"], "topics": ["updates"], "body": {"message": "Updated your plays"}})
        update = Browser(socket).hear()
        assert (update["login"], update["body"]) == ("friendless", {"message": "Updated your plays"})


def move(emulator, site):
    """The document's own command, without AWS_DEFAULT_REGION, which boto3 by itself would need."""
    [command] = commands(DEPLOY, "venv/bin/python examples/move/move.py")
    command = command.replace("OLD_TABLE=…", "OLD_TABLE=Geeks").replace("venv/bin/python", sys.executable)
    command = command.replace("CHATTERS_TABLE=…", f"CHATTERS_TABLE={site.outputs['ChattersTable']}")
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env={**os.environ, **emulator.environment},
        capture_output=True, text=True, timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "1 moved, 1 left\n"), done.stderr

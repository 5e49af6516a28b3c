"""The document's command copies a restored table back, and pages take its logs for new ones."""

import os
import subprocess
import sys

import pytest

from clients import PATIENCE
from deployment import ROOT
from documents import OPERATING, commands


def test_a_page_with_a_later_version_takes_the_restored_log_for_a_new_one(site, emulator, aws, login):
    dynamodb, table, name = site.dynamodb, site.outputs["UpdatesTable"], f"Restored-{os.getpid()}"
    site.invoke_notify({"login": login, "body": {"plays": 1}})
    [old] = dynamodb.query(
        TableName=table, KeyConditionExpression="login = :login", ExpressionAttributeValues={":login": {"S": login}},
    )["Items"]
    keys = [{"AttributeName": "login", "KeyType": "HASH"}]
    types = [{"AttributeName": "login", "AttributeType": "S"}]
    dynamodb.create_table(TableName=name, KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    try:
        dynamodb.put_item(TableName=name, Item=old)
        with site.browser(login, site.issue(login)) as browser:
            site.invoke_notify({"login": login, "body": {"plays": 2}})
            seen = browser.hear()
            assert seen["version"] == 2
            [command] = commands(OPERATING, "restore.py")
            command = command.replace("venv/bin/python", sys.executable)
            command = command.replace("RESTORED_TABLE=…", f"RESTORED_TABLE={name}").replace("UPDATES_TABLE=…", f"UPDATES_TABLE={table}")
            done = subprocess.run(
                ["bash", "-c", command], cwd=ROOT, env={**os.environ, **emulator.environment},
                capture_output=True, text=True, timeout=PATIENCE,
            )
            assert (done.returncode, done.stdout) == (0, "1 restored\n"), done.stderr
            browser.say({"action": "sync", "login": login, "cursor": {"epoch": seen["epoch"], "version": 2}, "n": 1})
            reply = browser.hear()
            assert (reply["reset"], reply["cursor"]["version"]) == (True, 1)
            assert [update["body"] for update in reply["updates"]] == [{"plays": 1}]
    finally:
        dynamodb.delete_table(TableName=name)


@pytest.mark.parametrize("restored, updates, words", [
    ("ConnectionsTable", "UpdatesTable", "is no table of updates: its keys are login, connection_id"),
    ("UpdatesTable", "OutboxTable", "is no table of updates: its keys are id"),
    ("UpdatesTable", "UpdatesTable", "must be two tables"),
    ("UpdatesTable", None, "Not all is restored; mend this, and run it again: "),
    ("", "UpdatesTable", "RESTORED_TABLE must be set"),
], ids=["sockets", "into the outbox", "the same", "none", "no name"])
def test_a_wrong_table_is_named_and_nothing_is_written(site, emulator, login, restored, updates, words):
    site.invoke_notify({"login": login, "body": {"plays": 1}})
    read = lambda: site.dynamodb.get_item(TableName=site.outputs["UpdatesTable"], Key={"login": {"S": login}})["Item"]
    before = read()
    with site.browser(login, site.issue(login)):
        names = {"RESTORED_TABLE": site.outputs.get(restored, restored), "UPDATES_TABLE": site.outputs[updates] if updates else "nowhere"}
        done = subprocess.run(
            [sys.executable, ROOT / "examples" / "restore" / "restore.py"], env={**os.environ, **emulator.environment, **names},
            capture_output=True, text=True, timeout=PATIENCE,
        )
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert read() == before

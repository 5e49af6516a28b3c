"""The document's command sends each kind of dead letter again."""

import json
import os
import subprocess
import sys
import time
import uuid
from datetime import datetime

import pytest

from clients import PATIENCE
from deployment import ROOT
from documents import OPERATING, commands


@pytest.fixture
def dead_letters(site):
    """A dead-letter queue that no other test has."""
    url = site.sqs.create_queue(QueueName=str(uuid.uuid4()))["QueueUrl"]
    yield url
    site.sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def replay(site, emulator, dead_letters):
    """Runs a command of the document, as it stands there, and returns what it prints."""

    def run(end: str, expected: int = 0, **environment: str) -> str:
        [command] = [one for one in commands(OPERATING, "replay.py") if one.endswith(end)]
        command = command.replace("venv/bin/python", sys.executable)
        for name, url in (("DEAD_LETTER_QUEUE_URL", dead_letters), (" QUEUE_URL", site.outputs["QueueUrl"])):
            command = command.replace(f"{name}=…", f"{name}={environment.get(name.strip(), url)}")
        done = subprocess.run(
            ["bash", "-c", command], cwd=ROOT, env={**os.environ, **emulator.environment},
            capture_output=True, text=True, timeout=PATIENCE,
        )
        assert done.returncode == expected and "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def bury(site, dead_letters):
    """Puts a message into the dead-letter queue, and returns its ID."""

    def put(body) -> str:
        return put.text(json.dumps(body))

    put.text = lambda body: site.sqs.send_message(QueueUrl=dead_letters, MessageBody=body)["MessageId"]

    return put


@pytest.fixture
def buried(site, dead_letters):
    """How many messages are in the dead-letter queue."""

    def count() -> int:
        attributes = site.sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["ApproximateNumberOfMessages"])
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    return count


def failed_invocation(event: dict) -> dict:
    """As "Capturing records of Lambda asynchronous invocations" in the Lambda Developer Guide has it."""
    return {
        "version": "1.0",
        "timestamp": "2026-11-14T18:16:05.568Z",
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:Chatterbox-notify:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "RequestId: … Process exited before completing request"},
    }


@pytest.mark.parametrize("kind", ["an event of the queue", "an asynchronous invocation"])
def test_an_event_is_sent_to_the_queue_and_reaches_its_browser(site, replay, bury, buried, login, kind):
    event = {"login": login, "body": {"plays": 1}}
    with site.browser(login, site.issue(login)) as browser:
        message = bury(event if kind == "an event of the queue" else failed_invocation(event))
        assert replay("replay.py") == f"{message}: {kind}: would be sent again\n0 sent again, 1 left\n"
        assert replay("--send") == f"{message}: {kind}: sent to the queue\n1 sent again, 0 left\n"
        assert browser.hear()["body"] == {"plays": 1}
        assert buried() == 0


def test_an_event_without_id_and_time_keeps_those_of_its_message(site, replay, bury, login):
    bury({"login": login, "topic": "old", "body": {"plays": 1}})
    with site.browser(login, site.issue(login)) as browser:
        before = time.time()
        while time.time() - before < 0.01:
            site.invoke_notify({"login": f"not-{login}", "body": None})
        replay("--send")
        update = browser.hear()
        assert update["body"] == {"plays": 1}
        assert datetime.fromisoformat(update["at"]).timestamp() < before


def failed_batch(site, aws, table: str, function: str, is_it) -> dict:
    """What Lambda leaves of a batch that failed, of the record for which this holds: its place in the table's stream."""
    streams = aws.client("dynamodbstreams")
    arn = site.dynamodb.describe_table(TableName=site.outputs[table])["Table"]["LatestStreamArn"]
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        for record in streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]:
            if is_it(record):
                number = record["dynamodb"]["SequenceNumber"]
                place = {
                    "shardId": shard["ShardId"], "startSequenceNumber": number, "endSequenceNumber": number,
                    "batchSize": 1, "streamArn": arn,
                }
                arn_of_function = site.functions.get_function(FunctionName=site.outputs[function])["Configuration"]["FunctionArn"]
                context = {"requestId": str(uuid.uuid4()), "functionArn": arn_of_function, "condition": "RetryAttemptsExhausted"}
                return {"requestContext": context, "version": "1.0", "DDBStreamBatchInfo": place}
    raise AssertionError("the stream has no such record")


def test_a_record_of_the_outbox_is_handed_to_notify_again(site, aws, replay, bury, buried, login):
    with site.browser(login, site.issue(login)) as browser:
        item = site.put_into_outbox({"login": login, "body": {"plays": 4}})
        assert browser.hear()["body"] == {"plays": 4}
        # As if it had never been recorded.
        site.dynamodb.delete_item(TableName=site.outputs["UpdatesTable"], Key={"login": {"S": login}})
        is_it = lambda record: record["dynamodb"]["Keys"]["id"] == item["id"]
        message = bury(failed_batch(site, aws, "OutboxTable", "NotifyFunction", is_it))
        assert f"{message}: records of a stream: 1 handed to {site.outputs['NotifyFunction']}" in replay("--send")
        assert browser.hear()["body"] == {"plays": 4}
        assert buried() == 0


def test_a_chatter_id_that_was_deleted_is_handed_to_revoke_again(site, aws, replay, bury, buried, login):
    key = {"login": {"S": login}, "chatter_hash": {"S": "0" * 64}}
    site.dynamodb.put_item(TableName=site.outputs["ChattersTable"], Item=key)
    site.dynamodb.delete_item(TableName=site.outputs["ChattersTable"], Key=key)
    is_it = lambda record: record["eventName"] == "REMOVE" and record["dynamodb"]["Keys"] == key
    message = bury(failed_batch(site, aws, "ChattersTable", "RevokeFunction", is_it))
    assert f"{message}: records of a stream: 1 handed to {site.outputs['RevokeFunction']}" in replay("--send")
    assert buried() == 0


def test_what_the_stream_no_longer_has_is_left_and_said(site, aws, replay, bury, buried, login):
    site.put_into_outbox({"login": login, "body": 5})
    batch = failed_batch(site, aws, "OutboxTable", "NotifyFunction", lambda _: True)
    batch["DDBStreamBatchInfo"]["streamArn"] += "-of-last-week"
    message = bury(batch)
    printed = replay("--send")
    assert f"{message}: records of a stream: left: " in printed and "0 sent again, 1 left" in printed
    assert buried() == 1


def test_what_cannot_be_sent_again_is_left_and_holds_up_nothing_else(site, aws, replay, bury, buried, login):
    site.put_into_outbox({"login": login, "body": 5})
    batch = failed_batch(site, aws, "OutboxTable", "NotifyFunction", lambda _: True)
    gone = {**batch, "requestContext": {**batch["requestContext"], "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:Gone"}}
    placeless = {**batch, "DDBStreamBatchInfo": {}}
    nowhere = {"DDBStreamBatchInfo": None, "requestContext": {}}
    left = [bury(one) for one in (gone, placeless, nowhere)]
    with site.browser(login, site.issue(login)) as browser:
        sent = bury({"login": login, "body": {"plays": 6}})
        printed = replay("--send")
        for message in left:
            assert f"{message}: records of a stream: left: " in printed, printed
        assert f"{sent}: an event of the queue: sent to the queue" in printed and "1 sent again, 3 left" in printed
        assert browser.hear()["body"] == {"plays": 6}
    assert buried() == 3, "all of them show at once"


def test_messages_that_are_no_events_go_to_the_queue_as_they_are(replay, bury, buried):
    texts = ["hello", "{", "5", "null", "[]", '"text"']
    messages = [bury.text(text) for text in texts]
    printed = replay("--send")
    assert all(f"{message}: an event of the queue: sent to the queue" in printed for message in messages), printed
    assert buried() == 0


def test_a_batch_is_handed_over_to_its_last_record_whatever_is_between(site, aws, replay, bury, login):
    """Lambda counts in a batch what its filter let through; deletions are between."""
    with site.browser(login, site.issue(login)) as browser:
        items = [site.put_into_outbox({"login": login, "topic": "first", "body": 1})]
        site.dynamodb.delete_item(TableName=site.outputs["OutboxTable"], Key={"id": items[0]["id"]})
        items.append(site.put_into_outbox({"login": login, "topic": "last", "body": 2}))
        assert {browser.hear()["body"] for _ in items} == {1, 2}
        first, last = (
            failed_batch(site, aws, "OutboxTable", "NotifyFunction", lambda record: record["dynamodb"]["Keys"]["id"] == item["id"])
            for item in items
        )
        numbers = {"endSequenceNumber": last["DDBStreamBatchInfo"]["endSequenceNumber"], "batchSize": 2}
        assert first["DDBStreamBatchInfo"]["shardId"] == last["DDBStreamBatchInfo"]["shardId"]
        # As if they had never been recorded.
        site.dynamodb.delete_item(TableName=site.outputs["UpdatesTable"], Key={"login": {"S": login}})
        bury({**first, "DDBStreamBatchInfo": {**first["DDBStreamBatchInfo"], **numbers}})
        assert " handed to " in replay("--send")
        assert {browser.hear()["body"] for _ in items} == {1, 2}


def test_an_empty_queue_has_nothing_and_one_that_a_killed_run_left_hidden_is_said(site, replay, bury, dead_letters):
    assert replay("--send") == "0 sent again, 0 left\n"
    bury({"login": "a", "body": 1})
    site.sqs.receive_message(QueueUrl=dead_letters, VisibilityTimeout=600)
    assert "0 sent again, 0 left\n1 are hidden by another run, or one that was killed" in replay("--send")


def test_a_queue_that_is_not_there_or_is_both_is_named_in_a_sentence(site, replay, dead_letters):
    assert "AWS cannot be asked: " in replay("--send", expected=1, DEAD_LETTER_QUEUE_URL=f"{dead_letters}-not")
    assert "must be two queues" in replay("--send", expected=1, QUEUE_URL=dead_letters)
    assert "QUEUE_URL must be set" in replay("--send", expected=1, QUEUE_URL="")

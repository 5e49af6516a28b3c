"""The command `chatter` on a deployed stack: what is wrong with it, and what is in its dead-letter queue."""

import io
import json
import os
import subprocess
import zipfile
from contextlib import contextmanager

import pytest

from clients import PATIENCE, eventually
from deployment import PROGRAMS, stripped
from front import front


@pytest.fixture
def chatter(emulator):
    """Runs the command on the stack: its exit code, and its answers."""

    def run(*words: str) -> tuple[int, list[dict]]:
        done = subprocess.run(
            [PROGRAMS / "chatter", "--json", "--stack", "Chatterbox", *words],
            env={**os.environ, **emulator.environment}, capture_output=True, text=True, timeout=PATIENCE,
        )
        assert done.returncode in (0, 3), done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_an_operator_gives_a_chatter_id_sees_the_socket_and_takes_it_back(site, chatter, login):
    _, [issued] = chatter("issue", login)
    with site.browser(login, issued["chatterId"]) as browser:
        _, [who] = chatter("who", login)
        assert [socket["login"] for socket in who["sockets"]] == [login]
        code, [report] = chatter("notify", login, "--topic", "plays", "--body", "7")
        assert (code, report["sent"], browser.hear()["body"]) == (0, 1, 7)
        code, [revoked] = chatter("revoke", login, "--all")
        assert (code, revoked["chatterIds"]) == (0, 1)
    assert site.refusal(login, issued["chatterId"]) in (401, 403)


def test_a_dead_letter_is_shown_and_sent_again(site, chatter, login):
    url = site.outputs["DeadLetterQueueUrl"]
    site.sqs.purge_queue(QueueUrl=url)
    event = {"login": login, "body": {"plays": 1}}
    site.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    with site.browser(login, site.issue(login)) as browser:
        code, [shown] = chatter("replay")
        assert (code, shown["kind"], shown["sent"]) == (3, "an event of the queue", False)
        code, [sent] = chatter("replay", "--send")
        assert (code, sent["messageId"], sent["sent"]) == (0, shown["messageId"], True)
        assert browser.hear()["body"] == {"plays": 1}
        assert chatter("replay") == (0, [])


def test_an_update_is_traced_by_the_lines_that_notify_wrote(site, chatter, login):
    with front(site.deployment.socket_url) as url:
        code, [traced] = chatter("trace", login, "--url", url)
    steps = [step["what"] for step in traced["steps"]]
    at = lambda words: next(n for n, step in enumerate(steps) if words in step)
    ways = [
        "notify is invoked", "notify has read the event", "the table of updates has it, as version 1",
        "the table of connections has one socket", "was sent after", "notify is done after", "notify has answered: version 1",
    ]
    assert (code, [at(words) for words in ways]) == (0, sorted(at(words) for words in ways)), traced
    assert at("page got version 1") > at("the table of connections"), traced


def zipped(program) -> bytes:
    """A function's program as Lambda takes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, program.read_bytes())
    return file.getvalue()


def test_a_dead_letter_that_cannot_be_sent_holds_up_no_other(site, chatter, login):
    url = site.outputs["DeadLetterQueueUrl"]
    site.sqs.purge_queue(QueueUrl=url)
    placeless = {"DDBStreamBatchInfo": {}, "requestContext": {}}
    bury = lambda event: site.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))["MessageId"]
    left, sent = bury(placeless), bury({"login": login, "body": 1})
    code, found = chatter("replay", "--send", "--dead-letters", url, "--queue", f"{url}-not")
    assert (code, {one["messageId"]: one["sent"] for one in found}) == (3, {left: False, sent: False})
    code, found = chatter("replay", "--send")
    assert (code, {one["messageId"]: one["sent"] for one in found}) == (3, {left: False, sent: True}), "they showed at once"
    assert [one["messageId"] for one in chatter("replay")[1]] == [left]
    site.sqs.purge_queue(QueueUrl=url)


def wrong(checks: list[dict], what: str) -> list[dict]:
    return [check for check in checks if check["what"] == what and check["mark"] == "wrong"]


@contextmanager
def mapping_off(site, aws):
    [mapping] = [
        one for one in site.functions.list_event_source_mappings(FunctionName=site.outputs["NotifyFunction"])["EventSourceMappings"]
        if ":sqs:" in one["EventSourceArn"]
    ]
    try:
        site.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        yield
    finally:
        site.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@contextmanager
def with_variables(site, name: str, changed):
    """A function with other variables meanwhile: what `changed` makes of those that it has."""
    before = site.functions.get_function_configuration(FunctionName=name)["Environment"]
    try:
        site.functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed(before["Variables"])})
        yield
    finally:
        site.functions.update_function_configuration(FunctionName=name, Environment=before)


@contextmanager
def queue_that_nobody_reads(site, aws):
    """The mapping is deleted, and not only off."""
    name = site.outputs["NotifyFunction"]
    [mapping] = [
        one for one in site.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        if ":sqs:" in one["EventSourceArn"]
    ]
    try:
        site.functions.delete_event_source_mapping(UUID=mapping["UUID"])
        yield
    finally:
        kept = {key: mapping[key] for key in ("EventSourceArn", "BatchSize", "FunctionResponseTypes", "ScalingConfig")}
        site.functions.create_event_source_mapping(FunctionName=name, **kept)


@contextmanager
def another_processor(site, aws):
    name = "Chatterbox-disconnect"
    other = {"x86_64": "arm64", "arm64": "x86_64"}
    [before] = site.functions.get_function_configuration(FunctionName=name)["Architectures"]
    program = zipped(stripped("disconnect"))
    try:
        site.functions.update_function_code(FunctionName=name, ZipFile=program, Architectures=[other[before]])
        yield
    finally:
        site.functions.update_function_code(FunctionName=name, ZipFile=program, Architectures=[before])


def function_without_a_variable(site, aws):
    without = lambda variables: {key: value for key, value in variables.items() if key != "UPDATES_TABLE"}
    return with_variables(site, "Chatterbox-default", without)


def another_table(site, aws):
    return with_variables(site, "Chatterbox-disconnect", lambda variables: {**variables, "CONNECTIONS_TABLE": "of-another-stack"})


@contextmanager
def hidden_too_shortly(site, aws):
    url = site.outputs["QueueUrl"]
    before = site.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    try:
        site.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
        yield
    finally:
        site.sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@contextmanager
def a_dead_letter(site, aws):
    url = site.outputs["DeadLetterQueueUrl"]
    site.sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        yield
    finally:
        site.sqs.purge_queue(QueueUrl=url)


@contextmanager
def an_alarm(site, aws):
    cloudwatch = aws.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix="Chatterbox-")["MetricAlarms"]
    [name] = [alarm["AlarmName"] for alarm in alarms if "DeadLetters" in alarm["AlarmName"]]
    try:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        yield
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")


@contextmanager
def expiry_off(site, aws):
    """TTL off: rows of sockets that ended without a word stay for ever."""
    table = site.outputs["ConnectionsTable"]
    ttl = {"AttributeName": "expires_at"}
    try:
        site.dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={**ttl, "Enabled": False})
        yield
    finally:
        site.dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={**ttl, "Enabled": True})


@contextmanager
def expiry_in_milliseconds(site, aws):
    table = site.outputs["ChattersTable"]
    key = {"login": {"S": "a-backend-in-javascript"}, "chatter_hash": {"S": "0" * 64}}
    try:
        site.dynamodb.put_item(TableName=table, Item={**key, "expires_at": {"N": "4000000000000"}})
        yield
    finally:
        site.dynamodb.delete_item(TableName=table, Key=key)


# What is planted, a word of the remedy, and the check that finds it, where that has another name.
FAULTS = {
    "event source": (mapping_off, "update-event-source-mapping --enabled"),
    "a queue that nobody reads": (queue_that_nobody_reads, "Deploy again", "event source"),
    "function": (function_without_a_variable, "Deploy again"),
    "functions": (another_table, "Deploy again"),
    "another processor": (another_processor, "one ARCH", "functions"),
    "queue": (hidden_too_shortly, "Deploy again"),
    "dead letters": (a_dead_letter, "chatter replay"),
    "alarms": (an_alarm, "send them again"),
    "table connections": (expiry_off, "aws dynamodb update-time-to-live"),
    "chatter IDs": (expiry_in_milliseconds, "1,000"),
}


@pytest.mark.parametrize("named", FAULTS)
def test_the_doctor_names_a_planted_fault_and_its_remedy(site, aws, chatter, named):
    fault, remedy, *others = FAULTS[named]
    [what] = others or [named]
    with fault(site, aws):
        [found] = eventually(what, lambda: wrong(chatter("doctor")[1], what))
    assert remedy in found["do"]
    eventually(f"{what} to be right again", lambda: not wrong(chatter("doctor")[1], what))

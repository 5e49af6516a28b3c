"""Events from what an account has already: topics, rules, pipes and queues, by the setting and by the document's commands."""

import json
import os
import subprocess

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

import aws_cli
from clients import PATIENCE, eventually
from documents import WAYS_IN, commands
from ways_in import STATS, TEMPLATE


def event_of(login: str) -> dict:
    return {"login": login, "body": {"plays": 8}}


def entry(source: str, login: str, **more) -> dict:
    return {"Source": source, "DetailType": "StatsUpdated", "Detail": json.dumps(event_of(login)), **more}


def publish(aws, topic: str, login: str):
    aws.client("sns").publish(TopicArn=topic, Message=json.dumps(event_of(login)))


def put(aws, *entries: dict):
    assert aws.client("events").put_events(Entries=list(entries))["FailedEntryCount"] == 0


def test_an_event_in_a_topic_reaches_the_browser(site, aws, deployment, login):
    with site.browser(login, site.issue(login)) as browser:
        publish(aws, deployment.settings["waysIn"]["topics"][0], login)
        assert browser.hear()["body"] == {"plays": 8}


def test_the_queues_let_this_topic_and_these_rules_send_to_them_and_no_others(site, aws, deployment):
    """By ministack's own reading of the policies, which it asks at a delivery only where it checks all rights (AUTH)."""
    topic = deployment.settings["waysIn"]["topics"][0]
    events = aws.client("events")
    rules = [*events.list_rules()["Rules"], *events.list_rules(EventBusName=STATS)["Rules"]]
    ours = [rule["Arn"] for rule in rules if "Chatterbox" in rule["Name"]]
    assert len(ours) == 2
    for queue in ("QueueUrl", "DeadLetterQueueUrl"):
        attributes = site.sqs.get_queue_attributes(QueueUrl=site.outputs[queue], AttributeNames=["Policy", "QueueArn"])["Attributes"]

        def may(service: str, source: str, by_tls: bool = True) -> bool:
            sender = EvalContext(
                principal_arn="*", principal_type="Service", principal_account="", action="sqs:SendMessage",
                resource_arn=attributes["QueueArn"], region="us-east-1", service_context={"aws:sourcearn": source},
                secure_transport=by_tls,
            )
            return evaluate_resource_policy(attributes["Policy"], sender, service=service).decision == "Allow"

        assert may("sns.amazonaws.com", topic) and all(may("events.amazonaws.com", rule) for rule in ours), queue
        assert not may("sns.amazonaws.com", f"{topic}-of-another") and not may("events.amazonaws.com", f"{ours[0]}-of-another"), queue
        assert not may("events.amazonaws.com", topic) and not may("s3.amazonaws.com", topic), queue
        assert not may("sns.amazonaws.com", topic, by_tls=False), queue


@pytest.mark.parametrize("way", [{"source": "stats"}, {"source": "games", "EventBusName": STATS}], ids=["default bus", "own bus"])
def test_an_event_that_a_rule_asks_for_reaches_the_browser_and_no_other(site, aws, login, way):
    with site.browser(login, site.issue(login)) as browser:
        # Of another source, or on another bus.
        put(aws, entry("nobody", login), entry("games", login), entry("stats", login, EventBusName=STATS))
        put(aws, entry(login=login, **way))
        update = browser.hear()
        assert (update["body"], update["version"]) == ({"plays": 8}, 1)


def test_a_pipe_is_made_with_a_role_that_reads_its_source_and_sends_to_the_queue(site, aws, deployment):
    """Made, and not run: ministack hands a pipe's records to topics and state machines only."""
    [pipe] = aws.client("pipes").list_pipes()["Pipes"]
    queue = site.sqs.get_queue_attributes(QueueUrl=site.outputs["QueueUrl"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    source = deployment.settings["waysIn"]["pipes"]["plays"]["source"]
    assert (pipe["Source"], pipe["Target"], pipe["CurrentState"]) == (source, queue, "RUNNING")
    iam, role = aws.client("iam"), aws.client("pipes").describe_pipe(Name=pipe["Name"])["RoleArn"].split("/")[-1]
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "pipes.amazonaws.com"}
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    assert {one["Resource"] for one in statements} == {source, queue}


def test_what_a_pipe_makes_of_a_change_in_a_table_reaches_the_browser(site, aws, deployment, login):
    """The record is the emulator's own, and the template the deployed one; only the pipe between them is played here."""
    streams, source = aws.client("dynamodbstreams"), deployment.settings["waysIn"]["pipes"]["plays"]["source"]
    site.dynamodb.put_item(TableName=STATS, Item={"login": {"S": login}, "plays": {"N": "8"}})
    [shard] = streams.describe_stream(StreamArn=source)["StreamDescription"]["Shards"]
    place = {"StreamArn": source, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    record = streams.get_records(ShardIterator=streams.get_shard_iterator(**place)["ShardIterator"])["Records"][-1]
    message = TEMPLATE.replace("<$.dynamodb.Keys.login.S>", record["dynamodb"]["Keys"]["login"]["S"])
    message = message.replace("<$.eventID>", record["eventID"]).replace("<$.dynamodb.NewImage.plays.N>", record["dynamodb"]["NewImage"]["plays"]["N"])
    with site.browser(login, site.issue(login)) as browser:
        for _ in range(2):
            site.sqs.send_message(QueueUrl=site.outputs["QueueUrl"], MessageBody=message)
            update = browser.hear()
            assert (update["body"], update["version"]) == ({"plays": "8"}, 1), "the second is a repeat, by the record's ID"


@pytest.fixture
def run(emulator, tmp_path):
    """Runs commands of the document in one shell, with what it says to replace replaced."""
    (tmp_path / "bin").mkdir()
    server = aws_cli.serving(tmp_path / "aws.sock", tmp_path / "bin" / "aws")

    def run(script: str, **names: str) -> str:
        for there, here in names.items():
            script = script.replace(there, here)
        region = {"AWS_DEFAULT_REGION": emulator.environment["AWS_REGION"]}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE,
            env={**emulator.environment, **region, "HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    yield run
    server.terminate()
    server.wait(PATIENCE)


def test_a_queue_of_ones_own_can_be_read_by_notify(run, site, login):
    [command] = commands(WAYS_IN, "create-event-source-mapping")
    queue = site.sqs.create_queue(QueueName=login)["QueueUrl"]
    arn = site.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    mapping = json.loads(run(command, QUEUE_ARN=arn))
    try:
        with site.browser(login, site.issue(login)) as browser:
            site.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event_of(login)))
            assert browser.hear()["body"] == {"plays": 8}
    finally:
        site.functions.delete_event_source_mapping(UUID=mapping["UUID"])
        site.sqs.delete_queue(QueueUrl=queue)


def test_the_documents_commands_let_a_topic_a_rule_and_a_pipe_in(run, site, aws, login):
    topic = aws.client("sns").create_topic(Name=login)["TopicArn"]
    source = "arn:aws:sqs:us-east-1:000000000000:source-of-a-pipe"
    section = WAYS_IN.read_text().split("## By the AWS CLI")[1]
    script = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    assert script.count("aws ") == 10
    run(script.replace('["stats"]', f'["{login}"]'), TOPIC_ARN=topic, QUEUE_URL=site.outputs["QueueUrl"], SOURCE_ARN=source)
    policy = json.loads(site.functions.get_policy(FunctionName=site.outputs["NotifyFunction"])["Policy"])
    allowed = {(one["Principal"]["Service"], one["Condition"]["ArnLike"]["AWS:SourceArn"]) for one in policy["Statement"]}
    assert ("sns.amazonaws.com", topic) in allowed
    assert ("events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/chatterbox-plays") in allowed
    pipe = aws.client("pipes").describe_pipe(Name="chatterbox")
    assert (pipe["Source"], pipe["Target"].split(":")[-1]) == (source, site.outputs["QueueUrl"].split("/")[-1])
    with site.browser(login, site.issue(login)) as browser:
        publish(aws, topic, login)
        assert browser.hear()["version"] == 1
        put(aws, entry(login, login))
        assert browser.hear()["version"] == 2
    aws.client("pipes").delete_pipe(Name="chatterbox")
    eventually("the pipe is gone", lambda: len(aws.client("pipes").list_pipes()["Pipes"]) == 1)

# Shows what is in the dead-letter queue; with --send, sends it again and takes out what was sent.
#   python3 -m venv venv && venv/bin/pip install boto3
#   DEAD_LETTER_QUEUE_URL=… QUEUE_URL=… venv/bin/python replay.py [--send]
import json
import os
import sys

import boto3
from botocore.exceptions import ClientError

# boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
region = os.environ.get("AWS_REGION") or None
sqs, streams, functions = (boto3.client(name, region_name=region) for name in ("sqs", "dynamodbstreams", "lambda"))
dead_letters, queue = os.environ["DEAD_LETTER_QUEUE_URL"], os.environ["QUEUE_URL"]
# As long as a run may take. What it leaves is there for the next one at once.
HIDDEN_SECONDS = 600


def main(send: bool):
    sent, left = [], []
    for message in received():
        kind, again = way_of(message)
        try:
            what = again() if send else "would be sent again"
        except LookupError as reason:
            what = f"left: {reason}"
            left.append(message)
        else:
            (sent if send else left).append(message)
            if send:
                sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
        print(f"{message['MessageId']}: {kind}: {what}")
    for message in left:
        sqs.change_message_visibility(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    print(f"{len(sent)} sent again, {len(left)} left")


def received():
    """Every message once."""
    while messages := sqs.receive_message(
        QueueUrl=dead_letters, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=HIDDEN_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
    ).get("Messages"):
        yield from messages


def way_of(message: dict):
    """What kind of dead letter it is, and how it is sent again."""
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    if isinstance(body, dict) and "DDBStreamBatchInfo" in body:
        return "records of a stream", lambda: invoke(body)
    if isinstance(body, dict) and "requestPayload" in body:
        return "an asynchronous invocation", lambda: enqueue(message["Body"])
    return "an event of the queue", lambda: enqueue(with_its_id_and_time(message, body))


def enqueue(body: str) -> str:
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    return "sent to the queue"


def with_its_id_and_time(message: dict, body) -> str:
    """The message as a record of its own, so that an event without `id` and `at` keeps those that it had from its message."""
    if isinstance(body, dict) and "Records" in body:
        return message["Body"]
    record = {
        "eventSource": "aws:sqs", "messageId": message["MessageId"], "body": message["Body"],
        "attributes": {"SentTimestamp": message["Attributes"]["SentTimestamp"]},
    }
    return json.dumps({"Records": [record]})


def invoke(body: dict) -> str:
    """Reads the records where the message says they are, and hands them to the function that failed at them."""
    place = body["DDBStreamBatchInfo"]
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=place["streamArn"], ShardId=place["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=place["startSequenceNumber"],
        )["ShardIterator"]
        records = streams.get_records(ShardIterator=iterator, Limit=place["batchSize"])["Records"]
    except ClientError as error:
        raise LookupError(f"{error.response['Error']['Code']}: a stream keeps its records for a day") from None
    if not records:
        raise LookupError("the stream has no such record any more")
    payload = json.dumps({"Records": records}, default=lambda time: time.timestamp())
    answer = functions.invoke(FunctionName=body["requestContext"]["functionArn"], Payload=payload)
    result = json.loads(answer["Payload"].read() or "null")
    if "FunctionError" in answer or (result or {}).get("batchItemFailures"):
        raise LookupError("the function failed again; its log says why")
    return f"{len(records)} handed to {body['requestContext']['functionArn'].split(':')[6]}"


main("--send" in sys.argv[1:])

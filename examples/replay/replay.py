# Shows what is in the dead-letter queue; with --send, sends it again and takes out what was sent.
#   python3 -m venv venv && venv/bin/pip install boto3
#   DEAD_LETTER_QUEUE_URL=… QUEUE_URL=… venv/bin/python replay.py [--send]
import json
import os
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# As long as a run may take. What it leaves is there for the next one at once.
HIDDEN_SECONDS = 600


def main(send: bool):
    left, sent, hidden = {}, 0, hidden_by_others()
    try:
        for message in received(left):
            kind, again = way_of(message)
            what = "would be sent again"
            if send:
                try:
                    what = again()
                    sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
                    del left[message["MessageId"]]
                    sent += 1
                except (LookupError, ClientError, TypeError, ValueError) as reason:
                    what = f"left: {said(reason)}"
            print(f"{message['MessageId']}: {kind}: {what}")
    finally:
        # Also when it is interrupted.
        for message in left.values():
            sqs.change_message_visibility(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    print(f"{sent} sent again, {len(left)} left")
    if hidden:
        print(f"{hidden} are hidden by another run, or one that was killed, for {HIDDEN_SECONDS // 60} minutes at most")


def said(reason: Exception) -> str:
    """What AWS refused, or what a dead letter lacks."""
    if isinstance(reason, ClientError):
        return f"{reason.response['Error']['Code']}: {reason.response['Error']['Message']}"
    return f"it has no {reason}" if isinstance(reason, KeyError) else str(reason)


def hidden_by_others() -> int:
    name = "ApproximateNumberOfMessagesNotVisible"
    return int(sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=[name])["Attributes"][name])


def received(left: dict):
    """Every message once. All that were received are noted as left, so that none of them stays hidden."""
    while messages := sqs.receive_message(
        QueueUrl=dead_letters, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=HIDDEN_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
    ).get("Messages"):
        left.update({message["MessageId"]: message for message in messages})
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
    function, records = body["requestContext"]["functionArn"], failed(body["DDBStreamBatchInfo"])
    if not records:
        raise LookupError("the stream has no such record any more")
    payload = json.dumps({"Records": records}, default=lambda time: time.timestamp())
    answer = functions.invoke(FunctionName=function, Payload=payload)
    result = json.loads(answer["Payload"].read() or "null")
    if "FunctionError" in answer or (isinstance(result, dict) and result.get("batchItemFailures")):
        raise LookupError("the function failed again; its log says why")
    return f"{len(records)} handed to {function.split(':')[6]}"


def failed(place: dict) -> list[dict]:
    """The records from the batch's first to its last. Between them may be others, which Lambda's filter had left out."""
    last, records = int(place["endSequenceNumber"]), []
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=place["streamArn"], ShardId=place["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=place["startSequenceNumber"],
        )["ShardIterator"]
        # An answer may be empty although there is more; one without an iterator is the shard's last.
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            found = answer["Records"]
            records += [record for record in found if int(record["dynamodb"]["SequenceNumber"]) <= last]
            is_over = any(int(record["dynamodb"]["SequenceNumber"]) >= last for record in found)
            iterator = None if is_over or not found else answer.get("NextShardIterator")
    except ClientError as error:
        raise LookupError(f"{error.response['Error']['Code']}: a stream keeps its records for a day") from None
    return records


if missing := [name for name in ("DEAD_LETTER_QUEUE_URL", "QUEUE_URL") if not os.environ.get(name)]:
    sys.exit(f"{' and '.join(missing)} must be set: they are outputs of the stack.")
dead_letters, queue = os.environ["DEAD_LETTER_QUEUE_URL"], os.environ["QUEUE_URL"]
if dead_letters == queue:
    sys.exit("DEAD_LETTER_QUEUE_URL and QUEUE_URL must be two queues: what is sent again would be received again, for ever.")
try:
    # boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
    region = os.environ.get("AWS_REGION") or None
    sqs, streams, functions = (boto3.client(name, region_name=region) for name in ("sqs", "dynamodbstreams", "lambda"))
    main("--send" in sys.argv[1:])
except (BotoCoreError, ClientError) as error:
    sys.exit(f"AWS cannot be asked: {error}")
except KeyboardInterrupt:
    sys.exit("Interrupted: what was not sent again is in the dead-letter queue, and shows at once.")

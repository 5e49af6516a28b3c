# Tells Chatterbox that a user's stats have been updated: what a pipeline does at the end of a job.
#   python3 -m venv venv && venv/bin/pip install boto3
#   NOTIFY_FUNCTION=… venv/bin/python pipeline.py direct LOGIN…     invokes notify, and reads its report
#   QUEUE_URL=… venv/bin/python pipeline.py queue LOGIN…            sends the event to notify's queue, for many or slow
import datetime
import json
import os
import sys
import uuid

import boto3

# boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
REGION = os.environ.get("AWS_REGION") or None
# What one event may hold.
MAX_LOGINS = 1000


def events(logins: list[str], topic: str, body: dict) -> list[dict]:
    """One event for each thousand logins. With `id` and `at` it may be sent again: users see it once, in its place."""
    job, at = str(uuid.uuid4()), datetime.datetime.now(datetime.timezone.utc).isoformat()
    parts = [logins[start : start + MAX_LOGINS] for start in range(0, len(logins), MAX_LOGINS)]
    return [
        {"logins": part, "topic": topic, "body": body, "id": f"{job}-{n}", "at": at}
        for n, part in enumerate(parts)
    ]


def invoke(event: dict) -> dict:
    """Invokes notify and waits. Returns its report; raises if notify says that something has to be done again."""
    client = boto3.client("lambda", region_name=REGION)
    answer = client.invoke(FunctionName=os.environ["NOTIFY_FUNCTION"], Payload=json.dumps(event).encode())
    report = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        # errorType is BadEvent (mend the event) or Failed (send the same event again, with the same id and at).
        raise RuntimeError(f"{report.get('errorType')}: {report.get('errorMessage')}")
    return report


def send(event: dict) -> None:
    """Leaves the event in the queue. What became of it is in notify's log and metrics."""
    client = boto3.client("sqs", region_name=REGION)
    client.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(event))


def main() -> None:
    way, logins = sys.argv[1], sys.argv[2:]
    for event in events(logins, "plays", {"message": "Updated your plays"}):
        if way == "queue":
            send(event)
        else:
            print(json.dumps(invoke(event)))


main()

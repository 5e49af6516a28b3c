# Copies a restored table of updates into the deployed one, and gives every log a new epoch: pages then take it for another log.
# Stop the pipeline meanwhile. Running it again is harmless.
#   python3 -m venv venv && venv/bin/pip install boto3
#   RESTORED_TABLE=… UPDATES_TABLE=… venv/bin/python restore.py
import os
import sys
import uuid

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main(source: str, target: str) -> int:
    # boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
    dynamodb = boto3.resource("dynamodb", region_name=os.environ.get("AWS_REGION") or None)
    for name in (source, target):
        # What another table has would be written over the logs of the same logins.
        keys = [key["AttributeName"] for key in dynamodb.Table(name).key_schema]
        if keys != ["login"]:
            sys.exit(f"{name} is no table of updates: its keys are {', '.join(keys)}, and that of updates is login alone.")
    restored = 0
    pages = dynamodb.meta.client.get_paginator("scan").paginate(TableName=source)
    with dynamodb.Table(target).batch_writer() as updates:
        for log in (log for page in pages for log in page["Items"]):
            updates.put_item(Item={**log, "epoch": str(uuid.uuid4())})
            restored += 1
    return restored


if missing := [name for name in ("RESTORED_TABLE", "UPDATES_TABLE") if not os.environ.get(name)]:
    sys.exit(f"{' and '.join(missing)} must be set, each to the name of a table.")
if os.environ["RESTORED_TABLE"] == os.environ["UPDATES_TABLE"]:
    sys.exit("RESTORED_TABLE and UPDATES_TABLE must be two tables: a restored one is beside the one that is in use.")
try:
    print(f"{main(os.environ['RESTORED_TABLE'], os.environ['UPDATES_TABLE'])} restored")
except (BotoCoreError, ClientError) as error:
    sys.exit(f"Not all is restored; mend this, and run it again: {error}")

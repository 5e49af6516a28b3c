# Copies a restored table of updates into the deployed one, and gives every log a new epoch: pages then take it for another log.
# Stop the pipeline meanwhile. Running it again is harmless.
#   python3 -m venv venv && venv/bin/pip install boto3
#   RESTORED_TABLE=… UPDATES_TABLE=… venv/bin/python restore.py
import os
import uuid

import boto3

# boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
dynamodb = boto3.resource("dynamodb", region_name=os.environ.get("AWS_REGION") or None)
restored = 0

pages = dynamodb.meta.client.get_paginator("scan").paginate(TableName=os.environ["RESTORED_TABLE"])
with dynamodb.Table(os.environ["UPDATES_TABLE"]).batch_writer() as updates:
    for log in (log for page in pages for log in page["Items"]):
        updates.put_item(Item={**log, "epoch": str(uuid.uuid4())})
        restored += 1

print(f"{restored} restored")

# Moves chatter IDs from a table that holds them in the clear into Chatterbox's, which holds their hashes: nobody has to
# log in again. The old table stays as it is. Running it again is harmless.
#   python3 -m venv venv && venv/bin/pip install boto3
#   OLD_TABLE=… OLD_LOGIN=geek OLD_CHATTER=id CHATTERS_TABLE=… venv/bin/python move.py
import hashlib
import os
import time
import uuid

import boto3

DAYS = 30
# boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
dynamodb = boto3.resource("dynamodb", region_name=os.environ.get("AWS_REGION") or None)
login_attribute, chatter_attribute = os.environ["OLD_LOGIN"], os.environ["OLD_CHATTER"]
now = int(time.time())
moved = left = 0

pages = dynamodb.meta.client.get_paginator("scan").paginate(TableName=os.environ["OLD_TABLE"])
with dynamodb.Table(os.environ["CHATTERS_TABLE"]).batch_writer() as chatters:
    for row in (row for page in pages for row in page["Items"]):
        try:
            chatter_id = str(uuid.UUID(row[chatter_attribute]))
        except (KeyError, ValueError):
            left += 1  # Not a UUID: whoever it belongs to gets a new one at the next login.
            continue
        chatters.put_item(
            Item={
                "login": row[login_attribute],
                "chatter_hash": hashlib.sha256(chatter_id.encode()).hexdigest(),
                "issued_at": now,
                "expires_at": now + DAYS * 24 * 3600,
            }
        )
        moved += 1

print(f"{moved} moved, {left} left")

# Issues a chatter ID: what a site's backend does at login.
#   CHATTERS_TABLE=… python3 issue.py LOGIN
import hashlib
import os
import sys
import time
import uuid

import boto3

DAYS = 30
dynamodb = boto3.client("dynamodb")


def issue(login: str) -> str:
    chatter_id, now = str(uuid.uuid4()), int(time.time())
    dynamodb.put_item(
        TableName=os.environ["CHATTERS_TABLE"],
        Item={
            "login": {"S": login},
            "chatter_hash": {"S": hashlib.sha256(chatter_id.encode()).hexdigest()},
            "issued_at": {"N": str(now)},
            "expires_at": {"N": str(now + DAYS * 24 * 3600)},
        },
    )
    return chatter_id  # For this user alone; it is stored nowhere.


print(issue(sys.argv[1]))

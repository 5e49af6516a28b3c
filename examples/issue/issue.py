# Issues a chatter ID: what a site's backend does at login.
#   python3 -m venv venv && venv/bin/pip install boto3
#   CHATTERS_TABLE=… venv/bin/python issue.py LOGIN
import hashlib
import os
import sys
import time
import uuid

import boto3

DAYS = 30
# boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
dynamodb = boto3.client("dynamodb", region_name=os.environ.get("AWS_REGION") or None)


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

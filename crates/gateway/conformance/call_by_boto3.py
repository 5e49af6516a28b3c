"""Calls @connections by boto3 as its argument says, and prints what came of it."""

import json
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

request = json.loads(sys.argv[1])
client = boto3.client("apigatewaymanagementapi", endpoint_url=request["endpoint"], region_name=request["region"])
calls = {"post": client.post_to_connection, "get": client.get_connection, "delete": client.delete_connection}
data = {"Data": Path(request["data"]).read_bytes()} if request["action"] == "post" else {}
try:
    value = calls[request["action"]](ConnectionId=request["id"], **data)
    value.pop("ResponseMetadata")
    print(json.dumps({"value": value}, default=str))
except client.exceptions.ClientError as error:
    # A class of its own for what the model has, and the code for the others.
    named = type(error).__name__
    print(json.dumps({"error": error.response["Error"]["Code"] if type(error) is ClientError else named}))

"""Clients that rely on the documented contract alone, made of boto3 and `websockets`."""

import hashlib
import json
import time
import urllib.parse
import uuid
from contextlib import contextmanager

import boto3
from botocore.config import Config
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from deployment import Deployment

PATIENCE = 60.0


class Aws:
    """AWS's own clients, for the emulator."""

    def __init__(self, url: str):
        self._options = {
            "endpoint_url": url,
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "config": Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 1}),
        }

    def client(self, service: str):
        return boto3.client(service, **self._options)


class Site:
    """A site that uses a deployed Chatterbox: its backend, its browsers, its pipeline."""

    def __init__(self, deployment: Deployment, aws: Aws):
        self.deployment, self.outputs = deployment, deployment.outputs
        self.dynamodb, self.sqs, self.functions = (aws.client(name) for name in ("dynamodb", "sqs", "lambda"))

    def issue(self, login: str, seconds: int = 3600) -> str:
        """Issues a chatter ID, as the README asks a backend to do at login."""
        chatter_id, now = str(uuid.uuid4()), int(time.time())
        self.dynamodb.put_item(
            TableName=self.outputs["ChattersTable"],
            Item={
                "login": {"S": login},
                "chatter_hash": {"S": hashlib.sha256(chatter_id.encode()).hexdigest()},
                "issued_at": {"N": str(now)},
                "expires_at": {"N": str(now + seconds)},
            },
        )
        return chatter_id

    def revoke(self, login: str, chatter_id: str):
        """Logs a session out, as the README asks a backend to do: by one DeleteItem."""
        key = {"login": {"S": login}, "chatter_hash": {"S": hashlib.sha256(chatter_id.encode()).hexdigest()}}
        self.dynamodb.delete_item(TableName=self.outputs["ChattersTable"], Key=key)

    @contextmanager
    def browser(self, login: str, chatter_id: str, **parameters: str):
        query = urllib.parse.urlencode({"login": login, "chatter": chatter_id, **parameters})
        # A browser sends no control frames, so that whether they are answered matters nowhere.
        url = f"{self.deployment.socket_url}?{query}"
        with connect(url, open_timeout=PATIENCE, close_timeout=5, ping_interval=None) as socket:
            yield Browser(socket)

    def refusal(self, login: str, chatter_id: str) -> int:
        """The status with which a handshake is refused."""
        try:
            with self.browser(login, chatter_id):
                raise AssertionError("the handshake was accepted, though it should have been refused")
        except InvalidStatus as refused:
            return refused.response.status_code

    def invoke_notify(self, event: dict) -> dict:
        answer = self.functions.invoke(FunctionName=self.outputs["NotifyFunction"], Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def send(self, event: dict):
        self.sqs.send_message(QueueUrl=self.outputs["QueueUrl"], MessageBody=json.dumps(event))

    def put_into_outbox(self, event: dict) -> dict:
        item = {
            "id": {"S": str(uuid.uuid4())},
            "event": {"S": json.dumps(event)},
            "expires_at": {"N": str(int(time.time()) + 3600)},
        }
        self.dynamodb.put_item(TableName=self.outputs["OutboxTable"], Item=item)
        return item

    def connections_of(self, login: str) -> list[dict]:
        query = {"KeyConditionExpression": "login = :login", "ExpressionAttributeValues": {":login": {"S": login}}}
        return self.dynamodb.query(TableName=self.outputs["ConnectionsTable"], ConsistentRead=True, **query)["Items"]


class Browser:
    """A browser's end of a socket."""

    def __init__(self, socket: ClientConnection):
        self.socket = socket

    def hear(self) -> dict:
        return json.loads(self.socket.recv(timeout=PATIENCE))

    def say(self, message: dict):
        self.socket.send(json.dumps(message))


def eventually(what: str, is_so):
    """Waits until the condition holds, and returns its value; fails if that takes too long."""
    end = time.monotonic() + PATIENCE
    while not (found := is_so()):
        assert time.monotonic() < end, f"not so within {PATIENCE:.0f} s: {what}"
        time.sleep(0.05)
    return found

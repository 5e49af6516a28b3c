"""The functions in examples/gateway, written as people write theirs, each run by the one command that its README gives."""

import contextlib
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import urllib.request

import pytest
import websockets
from websockets.sync.client import connect

from gateway import DEADLINE, ROOT, Gateway

EXAMPLES = ROOT / "examples" / "gateway"


@contextlib.contextmanager
def gateway(*flags, folder):
    running = Gateway(*flags, folder=folder)
    try:
        yield running
        assert running.stop() == 0
    finally:
        running.process.kill()
        running.process.wait()


def socket(url, **options):
    return connect(url, open_timeout=DEADLINE, **options)


def test_a_handler_in_typescript_posts_to_the_address_of_its_events():
    folder = EXAMPLES / "typescript"
    subprocess.run([ROOT / "examples" / "node_modules" / ".bin" / "tsc"], cwd=folder, check=True)
    with gateway(folder=folder) as running:
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        with socket(running.url, ssl=context) as one:
            one.send("hello")
            assert one.recv(DEADLINE) == "you said: hello"


@pytest.fixture
def tables():
    """A DynamoDB with the chat's table: the one of `chatter local`."""
    command = [ROOT / "target" / "debug" / "chatter", "local", "--port", "0", "--dynamodb-port", "0"]
    local = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = re.search(r"dynamodb (http\S+)", local.stdout.readline())[1]
        key = {"AttributeName": "connectionId"}
        table = {
            "TableName": "People",
            "AttributeDefinitions": [key | {"AttributeType": "S"}],
            "KeySchema": [key | {"KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        dynamodb(url, "CreateTable", table)
        yield url
    finally:
        local.kill()
        local.wait()


def dynamodb(url, operation, request):
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    headers["Authorization"] = (
        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    )
    headers["X-Amz-Date"] = "20260101T000000Z"
    request = urllib.request.Request(url, data=json.dumps(request).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        return json.load(answer)


def test_a_chat_runs_from_its_sam_template(tables):
    flags = ("--template", "template.yaml", "--env", f"AWS_ENDPOINT_URL_DYNAMODB={tables}")
    with gateway(*flags, folder=EXAMPLES / "sam-chat") as running:
        with socket(running.url) as ann:
            with socket(running.url) as bob:
                ann.send(json.dumps({"action": "say", "text": "hello"}))
                assert [ann.recv(DEADLINE), bob.recv(DEADLINE)] == ["hello", "hello"]
                bob.send(json.dumps({"action": "say", "text": "good morning"}))
                assert [ann.recv(DEADLINE), bob.recv(DEADLINE)] == ["good morning", "good morning"]
            ann.send(json.dumps({"action": "say", "text": "is anybody here?"}))
            assert ann.recv(DEADLINE) == "is anybody here?"
    assert dynamodb(tables, "Scan", {"TableName": "People"})["Items"] == []


def test_an_authorizer_in_python_says_who_is_there_in_all_later_events(tmp_path):
    folder = shutil.copytree(EXAMPLES / "python-authorizer", tmp_path / "api")
    (folder / ".venv").symlink_to(pathlib.Path(sys.prefix))
    with gateway(folder=folder) as running:
        for query in ("", "?token=another"):
            with pytest.raises(websockets.exceptions.InvalidStatus, match="401"):
                socket(running.url + query)
        with socket(running.url + "?token=token-of-ann") as ann:
            for _ in range(2):
                ann.send("hello")
                assert json.loads(ann.recv(DEADLINE)) == {"hello": "ann", "of": "blue"}


def test_a_bootstrap_may_speak_the_runtime_api_by_hand():
    flags = ("--function", "shout=./bootstrap", "--route", "$default=shout", "--two-way", "$default")
    with gateway(*flags, "--function-timeout", str(DEADLINE), folder=EXAMPLES / "runtime-api") as running:
        with socket(running.url) as one:
            for word in ("hello", "again"):
                one.send(word)
                assert one.recv(DEADLINE) == word.upper()

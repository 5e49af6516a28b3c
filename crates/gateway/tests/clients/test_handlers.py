"""Handlers in Python, run by AWS's own client of the Runtime API."""

import json
import pathlib
import sys

import websockets.sync.client

from gateway import DEADLINE, Gateway

HANDLER = '''
import json
import os

def handler(event, context):
    if event["requestContext"]["routeKey"] == "$connect":
        return {"statusCode": 200}
    if event["body"] == "fail":
        raise ValueError("no such thing")
    body = {"heard": event["body"], "function": context.function_name, "id": context.aws_request_id,
            "left": context.get_remaining_time_in_millis(), "post": os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"]}
    return {"statusCode": 200, "body": json.dumps(body)}
'''


def test_a_python_handler_runs_as_it_is(tmp_path):
    (tmp_path / "app.py").write_text(HANDLER)
    (tmp_path / ".venv").symlink_to(pathlib.Path(sys.prefix))
    routes = ("--route", "$connect=chat", "--route", "$default=chat", "--two-way", "$default")
    gateway = Gateway("--handler", f"chat={tmp_path}/app.handler", *routes, "--function-timeout", str(DEADLINE))
    try:
        with websockets.sync.client.connect(gateway.url, open_timeout=DEADLINE) as socket:
            socket.send("hello")
            answer = json.loads(socket.recv(DEADLINE))
            assert (answer["heard"], answer["function"]) == ("hello", "chat")
            assert 0 < answer["left"] <= DEADLINE * 1000 and len(answer["id"]) == 36
            assert answer["post"] == gateway.url.replace("ws://", "http://")
            socket.send("fail")
            assert "Internal server error" in socket.recv(DEADLINE)
            socket.send("again")
            assert json.loads(socket.recv(DEADLINE))["heard"] == "again"
        assert gateway.stop() == 0
    finally:
        gateway.process.kill()
        gateway.process.wait()

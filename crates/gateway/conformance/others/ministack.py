"""Deploys the APIs of the conformance suite to ministack, and prints where they are, as the command `gateway` does:

    python3 -m venv VENV && VENV/bin/pip install ministack boto3
    VENV/bin/python others/ministack.py

It runs until it is stopped.
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

import boto3

SUITE = Path(__file__).resolve().parents[1]
PORT = int(os.environ.get("PORT", "4577"))
URL = f"http://127.0.0.1:{PORT}"
ACCESS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
# It refuses a template that has these. It sends the body of every answer without.
UNKNOWN = {"AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::IntegrationResponse"}


def main():
    os.environ.update(ACCESS)
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(PORT), "SFTP_ENABLED": "0", "AWS_ENDPOINT_URL": URL}
    with tempfile.TemporaryDirectory() as folder:
        settings["TMPDIR"] = folder
        program = Path(sys.executable).with_name("ministack")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        ministack = subprocess.Popen([program], env={**os.environ, **settings}, **quiet)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        try:
            wait(ministack)
            urls = {name: deploy(name) for name in ("template", "template-authorizer", "template-throttled")}
            socket = urls["template"]
            print("ready", socket, f"{socket.replace('ws', 'http', 1)}/@connections", f"{URL}/2015-03-31/functions", flush=True)
            print("authorizer", urls["template-authorizer"], flush=True)
            print("throttled", urls["template-throttled"], flush=True)
            signal.pause()
        finally:
            ministack.terminate()
            ministack.wait()


def wait(ministack):
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{URL}/_ministack/health", timeout=2).close()
            return
        except OSError:
            if ministack.poll() is not None:
                raise RuntimeError("ministack has ended") from None
            time.sleep(0.05)


def deploy(name: str) -> str:
    template = json.loads((SUITE / f"{name}.json").read_text())
    resources = {key: one for key, one in template["Resources"].items() if one["Type"] not in UNKNOWN}
    template["Resources"] = resources
    bucket = client("s3")
    bucket.create_bucket(Bucket="conformance")
    bucket.put_object(Bucket="conformance", Key="code.zip", Body=code())
    for one in resources.values():
        if "DependsOn" in one:
            one["DependsOn"] = [name for name in one["DependsOn"] if name in resources]
        if one["Type"] == "AWS::Lambda::Function":
            one["Properties"]["Code"] = {"S3Bucket": "conformance", "S3Key": "code.zip"}
            callback = {"Fn::Join": ["/", [f"{URL}/_aws/execute-api", {"Ref": "Api"}, "test"]]}
            one["Properties"]["Environment"] = {"Variables": {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": callback}}
    # Its outputs have the name that the API would have in AWS.
    template["Outputs"] = {"Id": {"Value": {"Ref": "Api"}}}
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return f"ws://127.0.0.1:{PORT}/_aws/execute-api/{stack['Outputs'][0]['OutputValue']}/test"


def client(service: str):
    return boto3.client(service, endpoint_url=URL, region_name="us-east-1")


def code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("app.mjs", "authorizer.mjs", "signed.mjs"):
            archive.write(SUITE / name, name)
    return packed.getvalue()


main()

"""ministack with a WebSocket API whose $default is the program given: `ministack.py PROGRAM FOLDER`.

When it is up it prints the socket's URL, its process id and how many milliseconds it took to start; it ends when its
standard input does.
"""

import io
import signal
import sys
import time
import zipfile
from pathlib import Path

import boto3

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "deploy"))
from emulator import Emulator  # noqa: E402

STAGE = "dev"


def archive(program: Path) -> bytes:
    """The program as a zip archive for Lambda."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, program.read_bytes())
    return data.getvalue()


def deploy(emulator: Emulator, program: Path) -> str:
    """Creates the API, and returns its ID."""

    def client(service: str):
        return boto3.client(
            service,
            endpoint_url=emulator.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    function = client("lambda").create_function(
        FunctionName="hello",
        Runtime="provided.al2023",
        Role="arn:aws:iam::000000000000:role/none",
        Handler="bootstrap",
        Code={"ZipFile": archive(program)},
    )
    gateway = client("apigatewayv2")
    api = gateway.create_api(
        Name="bench", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    arn = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function['FunctionArn']}/invocations"
    integration = gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn)
    target = f"integrations/{integration['IntegrationId']}"
    route = gateway.create_route(
        ApiId=api, RouteKey="$default", Target=target, RouteResponseSelectionExpression="$default"
    )
    gateway.create_route_response(ApiId=api, RouteId=route["RouteId"], RouteResponseKey="$default")
    gateway.create_stage(ApiId=api, StageName=STAGE)
    return api


def main():
    # Without a handler, SIGTERM would end this program at once and leave the emulator running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    program, folder = map(Path, sys.argv[1:])
    start = time.monotonic()
    emulator = Emulator(folder)
    try:
        up = (time.monotonic() - start) * 1000
        url = f"ws://127.0.0.1:{emulator.port}/_aws/execute-api/{deploy(emulator, program)}/{STAGE}"
        print(url, emulator.process.pid, up, flush=True)
        sys.stdin.read()
    finally:
        emulator.stop()


main()

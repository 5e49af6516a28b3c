"""The programs in examples/ do what they say: they issue chatter IDs, take them back, and reach browsers."""

import json
import os
import subprocess
import sys
import urllib.parse
from http.client import HTTPConnection
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from clients import PATIENCE, Browser
from deployment import ROOT

EXAMPLES = ROOT / "examples"
RUST = Path(os.environ.get("ISSUE_RS", ROOT / "target" / "debug" / "examples" / "issue"))


def node() -> list:
    return ["node", EXAMPLES / "issue" / "issue.mjs"]


def python() -> list:
    return [sys.executable, EXAMPLES / "issue" / "issue.py"]


def rust() -> list:
    assert RUST.exists(), f"{RUST} is missing: cargo build --package e2e --example issue"
    return [RUST]


@pytest.mark.parametrize("program", [node, python, rust])
def test_an_example_issues_a_chatter_id_that_opens_a_socket(site, emulator, program):
    login = f"{program.__name__} says café"
    environment = {**os.environ, **emulator.environment, "CHATTERS_TABLE": site.outputs["ChattersTable"]}
    command = [*program(), login]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with site.browser(login, done.stdout.strip()):
        assert len(site.connections_of(login)) == 1


@pytest.fixture
def backend(local):
    """The backend in Node, as a site on the local system: a function that sends it a POST and returns the answer."""
    # No browser loads the client here; tests/browser does.
    socket, client = local["socket"], ROOT / "web" / "src" / "index.js"
    process = subprocess.Popen(
        ["node", EXAMPLES / "node-backend" / "server.mjs"],
        stdout=subprocess.PIPE, text=True,
        env={
            "PATH": os.environ["PATH"], "PORT": "0", "CHATTER_JS": str(client), "SOCKET_URL": socket,
            "CHATTERS_TABLE": "chatters", "CONNECTIONS_TABLE": "connections",
            "CALLBACK_URL": socket.replace("ws://", "http://"), "AWS_ENDPOINT_URL_DYNAMODB": local["dynamodb"],
            "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
        },
    )
    try:
        address = urllib.parse.urlsplit(process.stdout.readline().strip()).netloc
        assert address, "the backend did not start"

        def post(path: str, body: str = "", cookie: str = ""):
            http = HTTPConnection(address, timeout=PATIENCE)
            http.request("POST", path, body, {"cookie": cookie})
            answer = http.getresponse()
            return answer.status, answer.headers, answer.read().decode()

        yield post
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_the_node_backend_gives_all_pages_of_a_session_one_chatter_id_and_logs_out(backend):
    assert backend("/chatter-id")[0] == 401
    cookie = backend("/login", "friendless")[1]["set-cookie"].split(";")[0]
    session = json.loads(backend("/chatter-id", cookie=cookie)[2])
    assert json.loads(backend("/chatter-id", cookie=cookie)[2]) == session
    url = f"{session['url']}?login={session['login']}&chatter={session['chatterId']}"
    with connect(url, open_timeout=PATIENCE) as socket:
        assert backend("/logout", cookie=cookie)[0] == 204
        browser = Browser(socket)
        assert browser.hear() == {"type": "closing", "reason": "revoked", "retry": False}
        with pytest.raises(ConnectionClosed):
            browser.hear()
    with pytest.raises(InvalidStatus) as refused:
        connect(url, open_timeout=PATIENCE)
    assert refused.value.response.status_code == 401
    assert backend("/chatter-id", cookie=cookie)[0] == 401


@pytest.mark.parametrize("way", ["direct", "queue"])
def test_the_python_pipeline_reaches_a_browser(site, emulator, login, way):
    names = {"NOTIFY_FUNCTION": site.outputs["NotifyFunction"], "QUEUE_URL": site.outputs["QueueUrl"]}
    with site.browser(login, site.issue(login)) as browser:
        done = subprocess.run(
            [sys.executable, EXAMPLES / "python-pipeline" / "pipeline.py", way, login],
            env={**os.environ, **emulator.environment, **names}, capture_output=True, text=True, timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        update = browser.hear()
        assert (update["topic"], update["body"]) == ("plays", {"message": "Updated your plays"})
    if way == "direct":
        assert json.loads(done.stdout)["sent"] == 1

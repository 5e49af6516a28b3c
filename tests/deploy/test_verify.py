"""`make verify-aws` on the emulator: what it says, does, writes, and takes away, whatever happens meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builds import quick_builds
from clients import PATIENCE
from deployment import ROOT, lambda_folder
from leftovers import is_of, left_of
from test_conformance import GAPS
from verify import questions
from verify.place import Place
from verify.report import DOCUMENT, MARK
from verify.stack import Stack

STACK = "ChatterboxVerify"
# `cdk`, with a template that the emulator can deploy: make's variable CDK.
FITTED = f"""cd infra && CI=true node_modules/.bin/cdk --no-notices --app "{sys.executable} {Path(__file__).with_name('fitted_app.py')}" \
  -c settings=$(abspath $(SETTINGS)) -c architecture=$(ARCH)"""
# In the place of cdk: something of the stack is there, and then it fails, or goes on until somebody ends it.
HALF = """import json, sys, time, boto3
if sys.argv[1] == "waits":
    print("it is being built", flush=True)
    time.sleep(3600)
template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "ChatterboxVerify-half"}}}}
boto3.client("cloudformation", region_name="us-east-1").create_stack(StackName="ChatterboxVerify", TemplateBody=json.dumps(template))
print("half of it is there", flush=True)
time.sleep(3600 if sys.argv[1] == "hangs" else 0)
sys.exit("half of it failed")
"""
# In the place of Rust: where nothing is deployed, nothing has to be built.
CARGO = "#!/bin/sh\necho cargo 1.95.0\n"


@pytest.fixture
def verify(emulator, tmp_path):
    """Starts `make verify-aws` with these variables; what it writes is in `verified.md` of tmp_path."""
    running = []

    def start(*words: str, **environment: str) -> subprocess.Popen:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        process = subprocess.Popen(
            ["make", "--no-print-directory", "verify-aws", "ROUNDS=0", "UPDATES=20", "SOCKETS=40", "REFUSALS=0",
             f"DOCUMENT={tmp_path / 'verified.md'}", *words],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**bare, **emulator.environment, "CARGO_TARGET_DIR": str(tmp_path / "target"), **environment},
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def half(tmp_path):
    """Variables with which a deployment comes to its half, and fails or hangs."""
    (tmp_path / "half.py").write_text(HALF)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cargo").write_text(CARGO)
    (tmp_path / "bin" / "cargo").chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def variables(mode: str) -> tuple[list[str], dict[str, str]]:
        return ["YES=1", f"CDK={sys.executable} {tmp_path / 'half.py'} {mode}"], {"PATH": path}

    return variables


def ended(process: subprocess.Popen) -> tuple[int, str]:
    said, _ = process.communicate(timeout=15 * PATIENCE)
    return process.returncode, said


def test_it_deploys_tries_measures_asks_writes_and_destroys(verify, aws, tmp_path):
    status, said = ended(verify("YES=1", f"CDK={FITTED}", **quick_builds(tmp_path, lambda_folder(tmp_path / "built"))))
    assert "It costs at most " in said.split("What a deployment needs")[0], "it says so before it begins"
    assert (tmp_path / "verified.md").exists(), said
    own, _, results = (tmp_path / "verified.md").read_text().partition(MARK)
    assert own == DOCUMENT.read_text().partition(MARK)[0]
    rows = [line for line in results.splitlines() if line.startswith("| ")]
    # Where the emulator is not as AWS, it is found out, and makes the run fail.
    wrong = {line.split(" | ")[0].removeprefix("| ") for line in rows if "**" in line}
    assert wrong and wrong <= GAPS.keys(), results
    assert status != 0 and f"{len(wrong)} were not as they should be" in said
    assert "| an update reaches the browser of its login and no other | as it should be |" in rows
    for measured in ("an update: from invoking notify here to a browser here, 20 times", "one event for 40 sockets"):
        assert any(line.startswith(f"| {measured}") and " ms, " in line for line in rows), measured
    assert any("throttle above the account's" in line and "20,000 a second was taken" in line for line in rows)
    assert results.rstrip().endswith("Nothing was left but the zips in CDK's own bucket."), results
    assert not any(left_of(STACK, aws).values()), left_of(STACK, aws)


def test_a_deployment_that_fails_is_destroyed_and_nothing_is_written(verify, half, aws, tmp_path):
    words, environment = half("fails")
    status, said = ended(verify(*words, **environment))
    assert status != 0 and "half of it failed" in said and "Nothing is left" in said, said
    assert not any(left_of(STACK, aws).values()) and not (tmp_path / "verified.md").exists()


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_one_that_is_interrupted_is_destroyed_and_its_cdk_is_ended(verify, half, aws, tmp_path, signal_):
    words, environment = half("hangs")
    process = verify(*words, **environment)
    said = []
    while "half of it is there\n" not in said:
        said.append(process.stdout.readline())
        assert said[-1], "".join(said)
    # Ctrl-C reaches all of the terminal's processes; `kill` the program alone.
    if signal_ == signal.SIGINT:
        os.killpg(process.pid, signal_)
    else:
        os.kill(child_of(process.pid), signal_)
    status, rest = ended(process)
    assert status != 0 and "Interrupted." in rest and "Nothing is left" in rest, "".join(said) + rest
    assert not any(left_of(STACK, aws).values()) and not (tmp_path / "verified.md").exists()
    assert str(tmp_path / "half.py") not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout


def test_of_two_runs_at_once_the_second_does_nothing(verify, half, aws):
    words, environment = half("waits")
    first = verify(*words, **environment)
    while "it is being built\n" != (line := first.stdout.readline()):
        assert line
    status, said = ended(verify(*words, **environment))
    assert status != 0 and "Another make verify-aws is running" in said and "Destroying" not in said, said
    os.killpg(first.pid, signal.SIGINT)
    assert "Nothing is left" in ended(first)[1]


def child_of(make: int) -> int:
    return int(subprocess.run(["ps", "-o", "pid=", "--ppid", str(make)], capture_output=True, text=True).stdout.split()[0])


class Refusing(BaseHTTPRequestHandler):
    """CloudFormation as the emulator has it, but that it deletes no stack."""

    upstream = ""
    is_gone = False

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if b"Action=DeleteStack" in body and self.is_gone:
            self.connection.close()
            return
        if b"Action=DeleteStack" in body:
            status, answer = 403, b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>You may not.</Message></Error></ErrorResponse>"
        else:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
            try:
                with urllib.request.urlopen(urllib.request.Request(self.upstream, body, kept)) as passed:
                    status, answer = passed.status, passed.read()
            except urllib.error.HTTPError as refused:
                status, answer = refused.code, refused.read()
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("is_gone, why", [(False, "AccessDenied: You may not."), (True, "Connection was closed")], ids=["refused", "no network"])
def test_what_cannot_be_destroyed_is_said(verify, half, aws, emulator, is_gone, why):
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Refusing,), {"upstream": emulator.url, "is_gone": is_gone}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words, environment = half("fails")
    try:
        status, said = ended(verify(*words, **environment, AWS_ENDPOINT_URL_CLOUDFORMATION=f"http://127.0.0.1:{server.server_port}"))
        left = said.split("This is left, and may cost something:")[1]
        assert f"The stack {STACK} could not be deleted: " in left and why in left, left
        assert f"stacks: {STACK}" in left and "ChatterboxVerify-half" in left and status != 0
    finally:
        server.shutdown()
        aws.client("cloudformation").delete_stack(StackName=STACK)


def test_nothing_is_deployed_where_nobody_agrees_or_a_stack_of_that_name_is_there(verify, aws):
    assert "Go on? [y/N] Nothing was deployed." in ended(verify())[1]
    cloudformation, queue = aws.client("cloudformation"), {"Type": "AWS::SQS::Queue"}
    cloudformation.create_stack(StackName="Precious", TemplateBody=json.dumps({"Resources": {"Queue": queue}}))
    try:
        status, said = ended(verify("YES=1", "STACK=Precious"))
        assert status != 0 and "There is a stack Precious already." in said
        assert cloudformation.describe_stacks(StackName="Precious")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    finally:
        cloudformation.delete_stack(StackName="Precious")


@pytest.mark.parametrize("words, sentence", [
    (["UPDATES=many"], "UPDATES must be a whole number from 0 to 10,000; it is 'many'."),
    (["SOCKETS=3000"], "SOCKETS must be a whole number from 0 to 2,000; it is '3000'."),
    (["STACK=Chatter_box"], "STACK must begin with a letter"),
])
def test_a_value_that_cannot_be_is_refused_with_what_may_be(verify, words, sentence):
    status, said = ended(verify("YES=1", *words))
    assert status != 0 and sentence in said


def test_refused_handshakes_are_counted_in_minutes_of_their_own(deployment, site, emulator, login, monkeypatch, tmp_path):
    """The emulator counts none. Its minutes are over at once here."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(questions, "next_minute", lambda: datetime.now(timezone.utc) + timedelta(milliseconds=10))
    monkeypatch.setattr(questions, "METRICS_PATIENCE", timedelta(0))
    stack = Stack(Place(), deployment.stack, tmp_path)
    stack.outputs = deployment.outputs
    answer = questions.Questions(site, stack, login, refusals=3).refused_handshakes()
    assert answer.startswith("After 3 handshakes that were refused with 401") and "ConnectCount 0, MessageCount 0" in answer


def test_the_document_says_that_nobody_has_run_it_or_when_somebody_did():
    results = DOCUMENT.read_text().partition(MARK)[2].strip()
    assert results.startswith(("Nobody has run it yet", "Run on "))


@pytest.mark.parametrize("name, is_its_own", [
    ("Chat", True), ("Chat-notify", True), ("/aws/lambda/Chat-notify", True), ("arn:aws:lambda:us-east-1:123456789012:function:Chat-notify", True),
    ("https://sqs.us-east-1.amazonaws.com/123456789012/Chat-Queue", True),
    ("Chatterbox", False), ("Chatterbox-notify", False), ("Group-Chat", False), ("ChatChat-notify", False),
])
def test_what_is_left_is_told_by_the_stacks_whole_name(name, is_its_own):
    assert is_of("Chat", name) == is_its_own

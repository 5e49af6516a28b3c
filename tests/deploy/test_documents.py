"""The documents' commands do what the documents say, in a shell that has what the documents give it and no more."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from websockets.sync.client import connect

from clients import PATIENCE, Browser
from deployment import ROOT
from documents import BACKEND, DEPLOY, QUICK_START, README, code, commands


@pytest.fixture
def shell(tmp_path):
    """Runs commands where there is what every machine has of what the documents ask for, and nothing of GNU's tools."""
    programs = tmp_path / "programs"
    programs.mkdir()
    venv = Path(sys.executable).parent
    for name in ("node", "aws", "bash", "cat"):
        program = shutil.which(name, path=f"{venv}{os.pathsep}{os.environ['PATH']}")
        assert program, f"{name} is missing"
        (programs / name).symlink_to(program)
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    def run(script: str, environment: dict[str, str]) -> str:
        done = subprocess.run(
            ["bash", "-e", "-u", "-o", "pipefail", "-c", script],
            cwd=tmp_path, env={"PATH": str(programs), "HOME": str(tmp_path), **environment},
            capture_output=True, text=True, timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def chatter_id_in(printed: str) -> str:
    """The chatter ID that a command printed: the last line, in the text that the hash is made of."""
    chatter_id = printed.splitlines()[-1].strip()
    assert chatter_id == str(uuid.UUID(chatter_id)), "not in lower case, or not with hyphens"
    assert uuid.UUID(chatter_id).version == 4
    return chatter_id


def test_the_quick_starts_commands_reach_a_browser_on_the_laptop(shell, local):
    [credentials] = commands(QUICK_START, "export AWS_ACCESS_KEY_ID")
    [issue] = commands(QUICK_START, "examples/issue/")
    [notify] = commands(QUICK_START, "aws lambda invoke")
    [scan] = commands(QUICK_START, "aws dynamodb scan")

    def run(command: str) -> str:
        command = command.replace("http://127.0.0.1:8000", local["dynamodb"])
        return shell(f"{credentials}\n{command}".replace("http://127.0.0.1:8080", local["page"].rstrip("/")), {})

    url = f"{local['socket']}?login=friendless&chatter={chatter_id_in(run(issue))}"
    with connect(url, open_timeout=PATIENCE) as socket:
        assert json.loads(run(scan))["Count"] == 1
        assert '"sent":1' in run(notify)
        assert Browser(socket).hear()["body"] == {"message": "hello"}


@pytest.mark.parametrize("language", ["shell", "python"])
def test_the_backends_line_that_deletes_a_chatter_id_closes_its_browsers_socket(shell, local, language):
    [credentials] = commands(QUICK_START, "export AWS_ACCESS_KEY_ID")
    [issue] = commands(QUICK_START, "examples/issue/")
    [delete] = commands(BACKEND, "aws dynamodb delete-item")
    chatter_id = chatter_id_in(shell(f"{credentials}\n{issue}".replace("http://127.0.0.1:8000", local["dynamodb"]), {}))
    with connect(f"{local['socket']}?login=friendless&chatter={chatter_id}", open_timeout=PATIENCE) as socket:
        if language == "shell":
            delete = delete.replace("HASH", hashlib.sha256(chatter_id.encode()).hexdigest())
            shell(f"{credentials}\n{delete}", {"AWS_ENDPOINT_URL_DYNAMODB": local["dynamodb"]})
        else:
            options = {"endpoint_url": local["dynamodb"], "region_name": "us-east-1"}
            session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local")
            backend = SimpleNamespace(resource=partial(session.resource, **options))
            names = {"boto3": backend, "hashlib": hashlib, "login": "friendless", "chatter_id": chatter_id}
            exec(code(BACKEND, "python", "delete_item"), names)
        assert Browser(socket).hear() == {"type": "closing", "reason": "revoked", "retry": False}


def test_the_walk_through_reaches_a_browser(shell, site, emulator, tmp_path):
    [export] = commands(DEPLOY, "export AWS_REGION")
    issue, notify = commands(DEPLOY, "prints a chatter ID", "lambda invoke")
    issue = issue.replace("CHATTERS_TABLE=…", f"CHATTERS_TABLE={site.outputs['ChattersTable']}")
    regionless = {name: value for name, value in emulator.environment.items() if name != "AWS_REGION"}

    def run(command: str) -> str:
        return shell(f"{export}\n{command}".replace("eu-central-1", emulator.environment["AWS_REGION"]), regionless)

    with site.browser("friendless", chatter_id_in(run(issue))) as browser:
        run(notify)
        assert browser.hear()["body"] == {"message": "hello"}
    assert json.loads((tmp_path / "report.json").read_text())["sent"] == 1


def test_the_walk_through_prepares_an_account_in_the_region_that_it_names(emulator):
    """As the commands stand there. The npm packages, which the doctor would install first, `make` has installed already."""
    [export] = commands(DEPLOY, "export AWS_REGION")
    given = {name: value for name, value in emulator.environment.items() if name != "AWS_REGION"}

    def run(command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", "-e", "-u", "-c", f"{export}\n{command}"], cwd=ROOT, capture_output=True, text=True, timeout=300,
            env={**os.environ, **given},
        )

    [doctor], [cdk_bootstrap] = commands(DEPLOY, "make doctor  "), commands(DEPLOY, "cdk -- bootstrap")
    before = run(doctor)
    assert before.returncode != 0
    assert "✖ eu-central-1 is not bootstrapped for CDK in this account: npm --prefix infra run cdk -- bootstrap" in before.stdout
    done = run(cdk_bootstrap)
    assert done.returncode == 0, done.stderr
    after = run(doctor)
    assert after.returncode == 0, after.stdout + after.stderr


def test_the_right_to_write_logs_can_be_given_by_hand(shell, emulator, aws):
    script = "\n".join(commands(DEPLOY, "api-gateway-logs"))
    gateway = aws.client("apigateway")
    before = gateway.get_account()["cloudwatchRoleArn"]
    try:
        shell(script, {**emulator.environment, "AWS_DEFAULT_REGION": emulator.environment["AWS_REGION"]})
        assert gateway.get_account()["cloudwatchRoleArn"] == "arn:aws:iam::000000000000:role/api-gateway-logs"
        [policy] = aws.client("iam").list_attached_role_policies(RoleName="api-gateway-logs")["AttachedPolicies"]
        assert policy["PolicyName"] == "AmazonAPIGatewayPushToCloudWatchLogs"
    finally:
        gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": before}])


def test_the_outputs_can_be_read_again_later(shell, site, emulator):
    [command] = re.findall(r"`(aws cloudformation describe-stacks [^`]+)`", DEPLOY.read_text())
    region = {"AWS_DEFAULT_REGION": emulator.environment["AWS_REGION"]}
    printed = json.loads(shell(command, {**emulator.environment, **region}))
    assert {one["OutputKey"]: one["OutputValue"] for one in printed} == site.outputs


@pytest.mark.parametrize("document", [README, DEPLOY], ids=["README.md", "deploy.md"])
def test_programs_are_tested_with_no_more_than_the_document_exports(emulator, document):
    """Beside credentials, which `aws configure` gives, and the emulator's address, for which AWS needs nothing."""
    given = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"}
    [export] = commands(document, "export AWS_REGION")
    assert emulator.environment.keys() - given <= set(re.findall(r"\b([A-Z_]+)=", export))


# How each language names what a program needs, what of it comes with the language, and how the rest is installed.
NEEDS = {
    # boto3 installs botocore, whose errors it raises.
    ".py": (r"^(?:import|from) (\w+)", sys.stdlib_module_names | {"botocore"}, "pip install"),
    ".mjs": (r'^import .* from "([^"]+)"', (), "npm install"),
    ".rs": (r"^use (\w+)", ("std",), "cargo add"),
}
# Not the tutorial, whose packages cargo knows: it is one of the workspace.
PROGRAMS_OF_DOCUMENTS = sorted(
    path
    for path in (ROOT / "examples").rglob("*")
    if path.suffix in NEEDS and not {"node_modules", "tutorial"} & set(path.parts)
)


@pytest.mark.parametrize("program", PROGRAMS_OF_DOCUMENTS, ids=[path.name for path in PROGRAMS_OF_DOCUMENTS])
def test_a_program_says_how_to_install_what_it_needs(program):
    text, (imports, included, install) = program.read_text(), NEEDS[program.suffix]
    header = [line for line in text.splitlines() if re.match(r"(#|//!?| \*)   ", line)]
    for name in set(re.findall(imports, text, re.MULTILINE)):
        if name not in included and not name.startswith(("node:", ".")):
            package = re.escape(name).replace("_", "[-_]")
            assert any(re.search(rf"{install} .*{package}\b", line) for line in header), name


def test_a_deployed_stack_can_be_measured(site, aws, emulator):
    """`make bench-aws`, with no rounds: the emulator does not log what Lambda says of an invocation.

    It ignores filters, too, so the lines of other tests' invocations are among those that are read.
    """
    configuration = site.functions.get_function_configuration(FunctionName="Chatterbox-connect")
    stream = {"logGroupName": configuration["LoggingConfig"]["LogGroup"], "logStreamName": "of-a-test"}
    logs, soon = aws.client("logs"), int(time.time() * 1000) + 60_000
    logs.create_log_stream(**stream)
    logs.put_log_events(**stream, logEvents=[{"timestamp": soon, "message": line} for line in ("START RequestId: 1", "[1]")])
    done = subprocess.run(
        ["make", "--silent", "bench-aws", "ROUNDS=0"], cwd=ROOT,
        env={**os.environ, **emulator.environment}, capture_output=True, text=True, timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[2::2]] == ["connect", "disconnect", "default", "notify", "revoke"]

"""The plain template and the zips, deployed with nothing but the AWS CLI, by the commands that the document gives."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from builds import quick_builds
from clients import PATIENCE, Browser, Site
from deployment import FUNCTIONS, PROGRAMS, ROOT, STAGE, fit, lambda_folder, socket_url
from documents import OTHER_WAYS, commands

ARCH = "x86_64" if os.uname().machine == "x86_64" else "arm64"
ORIGIN = "https://www.example.com"


def made(folder: Path, *targets: str) -> Path:
    """What these targets of the Makefile leave, with the programs of the tests in the place of a build."""
    built = lambda_folder(folder / "built")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--no-print-directory", *targets], cwd=ROOT, env={**environment, **quick_builds(folder, built)},
        capture_output=True, text=True, timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "target" / "package"


def pack(programs: Path, architecture: str, folder: Path) -> subprocess.CompletedProcess:
    """What `make package` does once the programs are built."""
    packer = [sys.executable, ROOT / "infra" / "bin" / "package.py", programs, architecture, folder]
    return subprocess.run(packer, capture_output=True, text=True)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def programs(tmp_path):
    """Small programs for this machine's processor, which nobody runs: the header of a real one, and a name."""
    for name in FUNCTIONS:
        (tmp_path / "lambda" / name).mkdir(parents=True)
        header = (PROGRAMS / name).read_bytes()[:64]
        (tmp_path / "lambda" / name / "bootstrap").write_bytes(header + 1000 * name.encode())
    return tmp_path / "lambda"


def test_each_function_is_a_zip_with_its_bootstrap_alone_and_the_same_programs_make_the_same_bytes(programs, tmp_path):
    assert pack(programs, ARCH, tmp_path / "first").returncode == 0
    first = content(tmp_path / "first")
    zips = sorted(name for name in first if name != "parameters")
    assert [name.split("-")[0] for name in zips] == sorted(FUNCTIONS)
    for name in zips:
        with zipfile.ZipFile(tmp_path / "first" / name) as archive:
            [entry] = archive.infolist()
            program = (programs / name.split("-")[0] / "bootstrap").read_bytes()
            assert (entry.filename, entry.external_attr >> 16, archive.read(entry)) == ("bootstrap", 0o100755, program)

    for name in FUNCTIONS:
        os.utime(programs / name / "bootstrap", (1, 1))
        (programs / name / "bootstrap").chmod(0o700)
    assert pack(programs, ARCH, tmp_path / "again").returncode == 0
    assert content(tmp_path / "again") == first

    with (programs / "notify" / "bootstrap").open("ab") as program:
        program.write(b"\0")
    assert pack(programs, ARCH, tmp_path / "again").returncode == 0
    changed = sorted(set(content(tmp_path / "again")) - set(first))
    assert [name.split("-")[0] for name in changed] == ["notify"], "its key is another, and the others' are the same"


def test_a_program_of_another_processor_is_not_packed(programs, tmp_path):
    other = {"x86_64": "arm64", "arm64": "x86_64"}[ARCH]
    done = pack(programs, other, tmp_path / "out")
    assert done.returncode != 0 and f"was built for another processor than {other}: make build ARCH={other}" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("is_same", [True, False], ids=["the same", "another"])
def test_two_builds_are_compared_byte_by_byte(tmp_path, is_same):
    """`make reproducible`, with a cargo that builds the same or not. The real one takes minutes, twice."""
    built = tmp_path / "built"
    for name in FUNCTIONS:
        (built / name).mkdir(parents=True)
        (built / name / "bootstrap").write_bytes((PROGRAMS / name).read_bytes()[:64])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment |= quick_builds(tmp_path, built)
    cargo, each = tmp_path / "bin" / "cargo", "" if is_same else f"date +%N >> {built}/notify/bootstrap\n"
    cargo.write_text(f'#!/bin/sh\n[ "$2" = deploy ] && exit\n{each}' + cargo.read_text())
    done = subprocess.run(["make", "--no-print-directory", "reproducible"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode == 0) == is_same, done.stdout + done.stderr
    assert ("Both builds are the same" in done.stdout) == is_same
    assert f"/first/{ARCH}: notify-" in done.stdout or is_same, done.stdout


@pytest.fixture(scope="module")
def deployed(emulator, tmp_path_factory):
    """A stack of its own by the document's commands, with other names than there, and with parameters."""
    folder = tmp_path_factory.mktemp("Plain")
    package, *aws = commands(OTHER_WAYS, "make package", "aws s3", "aws cloudformation deploy")
    made(folder, *package.split("#")[0].split()[1:])
    fit(folder / "target" / "package" / "chatterbox.template.json", emulator.url)
    script = "\n".join(aws).replace("Chatterbox", "Plain").replace("CODE_BUCKET", "code-of-plain")
    script = script.replace("target/package/x86_64", f"target/package/{ARCH}")
    assert f"AllowedOrigins={ORIGIN}" in script
    region = emulator.environment["AWS_REGION"]
    environment = {
        **emulator.environment, "AWS_DEFAULT_REGION": region, "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }

    def run(script: str) -> str:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(f"{script} Stage={STAGE} ApiGatewayLogRole=false")
    described = run("aws cloudformation describe-stacks --stack-name Plain --query 'Stacks[0].Outputs'")
    outputs = {one["OutputKey"]: one["OutputValue"] for one in json.loads(described)}
    yield SimpleNamespace(outputs=outputs, socket_url=socket_url(emulator, outputs["WebSocketUrl"]), run=run)
    run("aws cloudformation delete-stack --stack-name Plain")


def test_an_update_reaches_a_browser_of_the_plain_stack(deployed, aws, login):
    site = Site(deployed, aws)
    url = f"{deployed.socket_url}?login={login}&chatter={site.issue(login)}"
    with pytest.raises(InvalidStatus):
        connect(url, origin="https://elsewhere.example.com", open_timeout=PATIENCE)
    with connect(url, origin=ORIGIN, open_timeout=PATIENCE) as socket:
        browser = Browser(socket)
        browser.say({"action": "sync", "login": login, "cursor": None, "n": 1})
        assert browser.hear()["type"] == "sync"
        for send, plays in ((site.invoke_notify, 1), (site.send, 2), (site.put_into_outbox, 3)):
            send({"login": login, "body": {"plays": plays}})
            assert browser.hear()["body"] == {"plays": plays}


def test_the_plain_stacks_functions_have_what_the_parameters_say_and_no_more(deployed, aws):
    configuration = aws.client("lambda").get_function_configuration(FunctionName=deployed.outputs["ConnectFunction"])
    assert (configuration["FunctionName"], configuration["Architectures"]) == ("Plain-connect", [ARCH])
    assert sorted(configuration["Environment"]["Variables"].items()) == [
        ("ALLOWED_ORIGINS", ORIGIN),
        ("CHATTERS_TABLE", deployed.outputs["ChattersTable"]),
        ("CHATTER_PARAMETER", "chatter"),
        ("CONNECTIONS_TABLE", deployed.outputs["ConnectionsTable"]),
        ("FLOOD_HANDSHAKES", "37500"),
        ("LOGIN_PARAMETER", "login"),
        ("MAX_CONNECTIONS_PER_LOGIN", "20"),
        ("METRICS_NAMESPACE", "Plain"),
        ("OBSERVABILITY", "free"),
        ("TOPIC_PARAMETER", "topic"),
    ]


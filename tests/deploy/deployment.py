"""Our stack, deployed to the emulator as a user deploys it: by the CDK app, and the command `cdk` with its template."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
FUNCTIONS = ("connect", "disconnect", "default", "notify", "revoke")
# The functions' programs for this machine.
PROGRAMS = Path(os.environ.get("PROGRAMS", ROOT / "target" / "debug"))
# Deleted when the tests end.
STRIPPED = tempfile.TemporaryDirectory(prefix="chatterbox-programs-")
# The CDK app, as infra/cdk.json has it.
APP = ["node", "--import", "tsx", "bin/app.ts"]
STAGE = "socks"
CALLBACK = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"

# Resources that ministack 1.5.33 cannot deploy, and that are taken out of the template.
KNOWN_GAPS = {
    "AWS::ApiGatewayV2::RouteResponse": "two-way routes: ministack sends every body to the client without it",
    "AWS::ApiGatewayV2::IntegrationResponse": "so the MOCK route `ping` is deployed, and not answered",
    "metric math": "alarms on more than one metric",
}


class Deployment:
    """A stack on the emulator, with its outputs."""

    def __init__(
        self, emulator: Emulator, stack: str, folder: Path, settings: dict,
        environment: dict[str, Callable[[str], str]] | None = None,
    ):
        """`environment` has further variables of the functions, each by what makes its value of the function's name."""
        self.environment = environment or {}
        self.emulator, self.stack, self.folder = emulator, stack, folder
        self.settings_file, self.output_folder = folder / "settings.json", folder / "cdk.out"
        # Where cargo-lambda puts them, and looks for them, if CARGO_TARGET_DIR is `target`.
        programs = lambda_folder(folder / "target" / "lambda")
        self.settings = {
            "stackName": stack,
            "functions": str(programs),
            "architecture": "x86_64" if os.uname().machine == "x86_64" else "arm64",
            "stage": STAGE,
            "keepTables": False,
            # This role outlives its stack by design, and a test checks that `destroy` leaves nothing.
            "apiGatewayLogRole": False,
            **settings,
        }
        self.synthesize()
        outputs = folder / "outputs.json"
        self._cdk("deploy", "--require-approval", "never", "--outputs-file", str(outputs))
        self.outputs = json.loads(outputs.read_text())[stack]

    @property
    def socket_url(self) -> str:
        return socket_url(self.emulator, self.outputs["WebSocketUrl"])

    @property
    def callback_url(self) -> str:
        return self.socket_url.replace("ws", "http", 1)

    def destroy(self):
        self._cdk("destroy", "--force")

    def synthesize(self):
        """Writes the template and what is uploaded with it into `output_folder`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings_file.write_text(json.dumps(self.settings))
        context = {**json.loads((INFRA / "cdk.json").read_text())["context"], "settings": str(self.settings_file)}
        environment = {"CDK_OUTDIR": str(self.output_folder), "CDK_CONTEXT_JSON": json.dumps(context)}
        run(APP, environment)
        fit(self.output_folder / f"{self.stack}.template.json", self.emulator.url, self.environment)

    def _cdk(self, command: str, *arguments: str):
        cdk(self.emulator, command, "--app", str(self.output_folder), *arguments)


def socket_url(emulator: Emulator, url: str) -> str:
    """Where the emulator, which has no DNS, serves the API that AWS serves at this URL."""
    api, stage = url.removeprefix("wss://").split(".")[0], url.split("/")[-1]
    return f"ws://127.0.0.1:{emulator.port}/_aws/execute-api/{api}/{stage}"


def fit(path: Path, emulator_url: str, environment: dict | None = None):
    """Makes a template one that the emulator can deploy: without what it does not know, and with its own addresses."""
    template = json.loads(path.read_text())
    resources = template["Resources"]
    gone = {name for name, resource in resources.items() if is_known_gap(resource)}
    for name in gone:
        del resources[name]
    [api] = [name for name, one in resources.items() if one["Type"] == "AWS::ApiGatewayV2::Api"]
    [stage] = [one["Properties"]["StageName"] for one in resources.values() if one["Type"] == "AWS::ApiGatewayV2::Stage"]
    for resource in resources.values():
        depends_on = resource.get("DependsOn", [])
        depends_on = [depends_on] if isinstance(depends_on, str) else depends_on
        resource["DependsOn"] = [name for name in depends_on if name not in gone]
        if pace := resource["Properties"].get("ScalingConfig"):
            pace["MaximumConcurrency"] = number(pace["MaximumConcurrency"], template)
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"]["Environment"]["Variables"]
            variables.update({name: value(function_of(resource)) for name, value in (environment or {}).items()})
            if CALLBACK in variables:
                # Where posts go. The emulator has no DNS names of AWS's.
                variables[CALLBACK] = {"Fn::Join": ["/", [f"{emulator_url}/_aws/execute-api", {"Ref": api}, stage]]}
    path.write_text(json.dumps(template))


def function_of(resource: dict) -> str:
    """Which of the functions this is, by its description: `Chatterbox $connect: admits …`."""
    return resource["Properties"]["Description"].split()[1].strip("$:")


def number(value: int | dict, template: dict) -> int:
    """A number, or the default of a parameter: ministack leaves a parameter of the type Number a text."""
    return value if isinstance(value, int) else template["Parameters"][value["Ref"]]["Default"]


def is_known_gap(resource: dict) -> bool:
    is_math = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
    return is_math or resource["Type"] in KNOWN_GAPS


def bootstrap(emulator: Emulator, folder: Path):
    """Bootstraps the account for CDK; in a folder without an app, so that infra/settings.ts is not read."""
    cdk(emulator, "bootstrap", "aws://000000000000/us-east-1", cwd=folder)


def lambda_folder(folder: Path) -> Path:
    """The programs as `cargo lambda build` lays them out."""
    for name in FUNCTIONS:
        (folder / name).mkdir(parents=True)
        link_or_copy(stripped(name), folder / name / "bootstrap")
    return folder


@cache
def stripped(name: str) -> Path:
    """A function's program without what debuggers read, which is half of it, and takes long to compress and to upload."""
    program, without = PROGRAMS / name, Path(STRIPPED.name) / name
    if not program.exists():
        raise RuntimeError(f"{program} is missing: cargo build --workspace --bins")
    subprocess.run(["strip", "-o", without, program], check=True)
    return without


def link_or_copy(source: Path, target: Path):
    """Makes a hard link, which needs no space on the disk; a copy if the two are on different file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def cdk(emulator: Emulator, command: str, *arguments: str, cwd: Path = INFRA):
    program = str(INFRA / "node_modules" / ".bin" / "cdk")
    quiet = {"CDK_DISABLE_CLI_TELEMETRY": "1", "CI": "true"}
    run([program, command, "--no-notices", *arguments], {**emulator.environment, **quiet}, cwd)


def run(command: list[str], environment: dict[str, str], cwd: Path = INFRA):
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")

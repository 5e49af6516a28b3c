"""`make deploy` and `make deploy-code` on a stack that is there already, with the Makefile's own command lines."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from builds import quick_builds
from clients import eventually
from deployment import FUNCTIONS, ROOT, Deployment

class Checkout:
    """A checkout from which a stack of its own was deployed."""

    def __init__(self, emulator, aws, folder: Path):
        self.deployment = Deployment(emulator, "Replaced", folder, {})
        self.functions, self.folder = aws.client("lambda"), folder
        self._builds = {name: folder / name for name in ("same", "changed")}
        shutil.copytree(folder / "target" / "lambda", self._builds["same"])
        shutil.copytree(folder / "target" / "lambda" / "default", self._builds["changed"] / "default")
        with (self._builds["changed"] / "default" / "bootstrap").open("ab") as program:
            program.write(b"\0")

    def make(self, *words: str, built: str, settings: Path | None = None) -> subprocess.CompletedProcess:
        """Runs make. The template is the one that the emulator can deploy; what is in it is as `make` has it."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            **self.deployment.emulator.environment,
            **quick_builds(self.folder, self._builds[built]),
        }
        cdk = f"cd infra && CI=true node_modules/.bin/cdk --no-notices --app {self.deployment.output_folder}"
        return subprocess.run(
            ["make", "--no-print-directory", *words, f"SETTINGS={settings or self.deployment.settings_file}", f"CDK={cdk}"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300,
        )

    def state(self, name: str) -> tuple[str, str]:
        """What tells whether a function has been replaced."""
        now = self.functions.get_function_configuration(FunctionName=f"Replaced-{name}")
        return now["CodeSha256"], now["LastModified"]

    def states(self) -> dict:
        return {name: self.state(name) for name in FUNCTIONS}


@pytest.fixture(scope="module")
def checkout(emulator, aws, tmp_path_factory):
    return Checkout(emulator, aws, tmp_path_factory.mktemp("Replaced"))


def done(make: subprocess.CompletedProcess) -> str:
    assert make.returncode == 0, make.stdout + make.stderr
    return make.stdout


def test_deploying_the_same_programs_again_replaces_no_function(checkout):
    before, template = checkout.states(), (checkout.deployment.output_folder / "Replaced.template.json").read_bytes()
    done(checkout.make("build", built="same"))
    assert (checkout.folder / "target" / "lambda" / "notify" / "bootstrap.zip").exists(), "cargo-lambda left no zip"
    checkout.deployment.synthesize()
    assert (checkout.deployment.output_folder / "Replaced.template.json").read_bytes() == template
    assert "There were no differences" in done(checkout.make("diff", built="same"))
    done(checkout.make("deploy", built="same"))
    assert checkout.states() == before


def test_one_functions_program_is_replaced_and_the_next_deployment_puts_the_checkouts_back(checkout):
    def settings():
        return checkout.functions.get_function_configuration(FunctionName="Replaced-default")

    states, before = checkout.states(), settings()
    done(checkout.make("deploy-code", "FN=default", built="changed"))
    after = eventually("the new code is there", lambda: (now := settings())["CodeSha256"] != before["CodeSha256"] and now)
    for setting in ("Environment", "MemorySize", "Timeout", "Role", "Architectures", "LoggingConfig"):
        assert after[setting] == before[setting], setting

    said = done(checkout.make("deploy", built="same"))
    assert "Replaced-default has the program of this checkout again" in said
    assert settings()["CodeSha256"] == before["CodeSha256"]
    assert {name: state for name, state in checkout.states().items() if name != "default"} == {
        name: state for name, state in states.items() if name != "default"
    }

    restored = checkout.states()
    assert "again" not in done(checkout.make("deploy", built="same"))
    assert checkout.states() == restored


def test_a_function_of_another_processor_or_of_no_stack_is_not_replaced(checkout, aws, tmp_path):
    before = checkout.states()
    wrong = {"x86_64": "arm64", "arm64": "x86_64"}[checkout.deployment.settings["architecture"]]
    settings = tmp_path / "settings.json"

    def refusal(text: str, *words: str) -> str:
        settings.write_text(text)
        made = checkout.make("deploy-code", "FN=default", *words, built="changed", settings=settings)
        assert made.returncode != 0 and "cargo lambda build" not in made.stdout + made.stderr
        return made.stderr

    assert f"and this would build for {wrong}: make deploy-code FN=default ARCH=" in refusal(
        '{"stackName": "Replaced"}', f"ARCH={wrong}"
    )
    assert "there is no function Nowhere-default in us-east-1" in refusal('{"stackName": "Nowhere"}')
    code = {"ZipFile": b"PK\x05\x06" + bytes(18)}
    stray = {"FunctionName": "Stray-default", "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": code}
    checkout.functions.create_function(**stray, Role="arn:aws:iam::000000000000:role/stray")
    assert "is not a function of the stack Stray" in refusal('{"stackName": "Stray"}')
    checkout.functions.delete_function(FunctionName="Stray-default")
    assert checkout.states() == before

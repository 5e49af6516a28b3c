"""The stack of a run: deployed as everybody deploys, and destroyed by CloudFormation itself, which needs no build for it."""

import fcntl
import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deployment import ROOT
from leftovers import KINDS, left_of
from verify.place import Place, reason

# Where cargo, and so `make build`, puts what it builds.
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute()
# Half an hour: CloudFormation takes minutes.
DELETION = {"Delay": 10, "MaxAttempts": 180}
# How often it is looked at what is left, a delay apart.
LOOKS = 12


class StackError(Exception):
    """What stands in the way, and what to do."""


class Stack:
    """Where the stack is, once it is deployed. `clients.Site` takes it for its deployment."""

    def __init__(self, place: Place, name: str, folder: Path, pause: float | None = None):
        self.place, self.name, self.settings_file = place, name, folder / "settings.json"
        self.outputs: dict[str, str] = {}
        self._cloudformation = place.client("cloudformation")
        self._deletion = DELETION if pause is None else {"Delay": pause, "MaxAttempts": 600}

    @contextmanager
    def alone(self):
        """Holds off other runs of this machine: the stack is there only when all is built, and each would destroy the other's."""
        self.settings_file.parent.mkdir(parents=True, exist_ok=True)
        with self.settings_file.with_name("lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError("Another make verify-aws is running in this checkout: wait until it has ended.") from None
            yield

    @property
    def socket_url(self) -> str:
        return self.place.api(self.outputs["WebSocketUrl"])

    @property
    def callback_url(self) -> str:
        return self.place.api(self.outputs["CallbackUrl"])

    @property
    def api_id(self) -> str:
        return self.outputs["WebSocketUrl"].removeprefix("wss://").split(".")[0]

    @property
    def stage(self) -> str:
        return self.outputs["WebSocketUrl"].split("/")[-1]

    def is_there(self) -> bool:
        try:
            self._cloudformation.describe_stacks(StackName=self.name)
            return True
        except ClientError as refused:
            if "does not exist" in str(refused):
                return False
            raise

    def deploy(self):
        """`make deploy` with settings of its own: nothing of it is kept. Raises `StackError`."""
        may_log = self.place.may_log()
        settings = {
            "stackName": self.name, "functions": str(TARGET / "lambda"), "keepTables": False,
            "apiGatewayLogRole": False, "accessLog": may_log,
        }
        self.settings_file.parent.mkdir(parents=True, exist_ok=True)
        self.settings_file.write_text(json.dumps(settings, indent=2))
        if not may_log:
            print("API Gateway may not write logs in this account, and a stack that lets it leaves that behind: so no access log.")
        if run(["make", "--no-print-directory", "deploy", f"SETTINGS={self.settings_file}"]) != 0:
            raise StackError("make deploy failed; it says above why.")
        [described] = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}

    def destroy(self) -> list[str]:
        """Takes all of it away, and returns a sentence for each thing that is left, or that nothing is known of."""
        try:
            self._cloudformation.delete_stack(StackName=self.name)
            self._cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.name, WaiterConfig=self._deletion)
        except (ClientError, BotoCoreError) as failed:
            return [f"The stack {self.name} could not be deleted: {reason(failed)}", *self._left()]
        # Some of it, such as what reads a queue, is listed for a moment after it was deleted.
        for _ in range(LOOKS):
            if not (left := self._left()):
                return []
            time.sleep(self._deletion["Delay"])
        return left

    def _left(self) -> list[str]:
        try:
            left = left_of(self.name, self.place)
        except (ClientError, BotoCoreError) as refused:
            return [f"What is left of {', '.join(KINDS)} is not known: {reason(refused)}"]
        return [f"{kind}: {name}" for kind, names in left.items() for name in names]


def run(command: list[str]) -> int:
    """A command's exit status. Interrupted, it ends with all that it has started: CDK would go on to make what is being deleted."""
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        return process.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

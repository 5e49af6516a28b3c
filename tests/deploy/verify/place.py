"""The account and the region in which it all happens."""

import os

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# What the SDK itself tries again would be in no time that is measured, but for throttled calls of AWS's own control plane.
CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 3})


class Place:
    """AWS's clients by the environment's credentials and region."""

    def __init__(self):
        # boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
        self._session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        self.region = self._session.region_name

    def client(self, service: str, endpoint_url: str | None = None):
        return self._session.client(service, endpoint_url=endpoint_url, config=CONFIG)

    def identity(self) -> dict:
        """Account and ARN of whoever asks. Raises what `boto3` does where there is no region or are no good credentials."""
        return self.client("sts").get_caller_identity()

    def may_log(self) -> bool:
        """Whether API Gateway has the right to write logs here, which outlives a stack that gives it."""
        return bool(self.client("apigateway").get_account().get("cloudwatchRoleArn"))

    @property
    def emulator(self) -> str | None:
        """The URL of an emulator that stands for AWS. It has no DNS, and no DNS names of AWS's."""
        return os.environ.get("AWS_ENDPOINT_URL")

    def api(self, url: str) -> str:
        """Where the API is that AWS serves at this URL: there, but for an emulator, which has a path for each."""
        if not self.emulator:
            return url
        scheme, rest = url.split("://")
        host, stage = rest.split("/")
        http = f"{self.emulator}/_aws/execute-api/{host.split('.')[0]}/{stage}"
        return http.replace("http", "ws", 1) if scheme == "wss" else http


def reason(error: Exception) -> str:
    """What AWS said, in a line."""
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        return f"{said.get('Code', 'Error')}: {said.get('Message', '')}".strip()
    if isinstance(error, BotoCoreError):
        return str(error)
    return f"{type(error).__name__}: {error}".splitlines()[0]

"""docs/by-hand.md: all of its commands, in their order, in one shell; and that what they make is what CDK makes."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

import aws_cli
from builds import quick_builds
from clients import PATIENCE, Site, eventually
from deployment import CALLBACK, FUNCTIONS, ROOT, lambda_folder
from documents import BY_HAND
from leftovers import left_of

# Where the document begins to try what it has made, and to take it away.
TRY, TAKE_AWAY = "CHATTERS_TABLE=$name-chatters node", "for mapping in"
DONE = "--- this part is done"


class Shell:
    """One shell for all parts of the document: what a part sets, the next one has."""

    def __init__(self, emulator, folder: Path):
        self.folder, self.emulator = folder, emulator
        environment = quick_builds(folder, lambda_folder(folder / "built"))
        (folder / "bin" / "sleep").write_text("#!/bin/sh\n# The emulator's roles need no time.\n")
        (folder / "bin" / "sleep").chmod(0o755)
        self.aws = aws_cli.serving(folder / "aws.sock", folder / "bin" / "aws")
        programs = [folder / "bin", ROOT / ".tools" / "venv" / "bin", Path(sys.executable).parent]
        path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
        regionless = {name: value for name, value in emulator.environment.items() if name != "AWS_REGION"}
        self.log = folder / "shell.log"
        self.process = subprocess.Popen(
            ["bash", "-euo", "pipefail"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log.open("w"), env={**os.environ, **environment, **regionless, "PATH": path},
        )

    def run(self, script: str) -> str:
        """Runs a part, with other names than the document's, and the emulator's address for the one that AWS would have."""
        public = "https://$api.execute-api.$AWS_REGION.amazonaws.com/$stage"
        changed = {
            f"{CALLBACK}={public}": f"{CALLBACK}={self.emulator.url}/_aws/execute-api/$api/$stage",
            "name=Chatterbox ": "name=ByHand ",
            "eu-central-1": self.emulator.environment["AWS_REGION"],
            "report.json": str(self.folder / "report.json"),
        }
        for there, here in changed.items():
            script = script.replace(there, here)
        self.process.stdin.write(f"{{\n{script}\n}} </dev/null\nprintf '\\n{DONE}\\n'\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != DONE:
            assert line or self.process.poll() is None, self.log.read_text()[-3000:]
            lines.append(line)
        return "\n".join(lines).rstrip("\n")

    def end(self):
        for process in (self.process, self.aws):
            process.terminate()
            process.wait(PATIENCE)


def parts() -> tuple[str, str, str]:
    """The document's commands: those that make it, those that try it, those that take it away."""
    script = "\n".join(line[4:] for line in BY_HAND.read_text().splitlines() if line.startswith("    "))
    made, rest = script.split(TRY)
    tried, away = rest.split(TAKE_AWAY)
    return made, TRY + tried, TAKE_AWAY + away


@pytest.fixture(scope="module")
def by_hand(emulator, aws, tmp_path_factory):
    shell = Shell(emulator, tmp_path_factory.mktemp("ByHand"))
    try:
        yield from made_by(shell, emulator, aws)
    finally:
        shell.end()


def made_by(shell, emulator, aws):
    made, tried, away = parts()
    shell.run(made)
    api, stage = shell.run('echo "$api $stage"').split()
    outputs = {
        "ChattersTable": "ByHand-chatters", "ConnectionsTable": "ByHand-connections", "UpdatesTable": "ByHand-updates",
        "OutboxTable": "ByHand-outbox", "NotifyFunction": "ByHand-notify",
        "QueueUrl": aws.client("sqs").get_queue_url(QueueName="ByHand-updates")["QueueUrl"],
    }
    socket_url = f"ws://127.0.0.1:{emulator.port}/_aws/execute-api/{api}/{stage}"
    yield SimpleNamespace(outputs=outputs, socket_url=socket_url, shell=shell, tried=tried, api=api, stage=stage)
    with neighbour(aws, "ByHand-Two") as is_untouched:
        shell.run(away)
        assert is_untouched(), "another deployment, whose name begins with this one's"
    assert not any(left_of("ByHand", aws).values()), left_of("ByHand", aws)


@contextmanager
def neighbour(aws, name: str):
    """A function of another deployment with a queue, and whether it is there as it was."""
    functions, sqs = aws.client("lambda"), aws.client("sqs")
    queue = sqs.create_queue(QueueName=f"{name}-updates")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function = {"FunctionName": f"{name}-notify", "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"ZipFile": b"PK\x05\x06" + bytes(18)}}
    functions.create_function(**function, Role="arn:aws:iam::000000000000:role/two")
    mapping = functions.create_event_source_mapping(FunctionName=f"{name}-notify", EventSourceArn=arn, Enabled=False)["UUID"]
    yield lambda: [one["UUID"] for one in functions.list_event_source_mappings(FunctionName=f"{name}-notify")["EventSourceMappings"]] == [mapping]
    with suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_event_source_mapping(UUID=mapping)
    functions.delete_function(FunctionName=f"{name}-notify")
    sqs.delete_queue(QueueUrl=queue)


def test_what_the_document_tries_reaches_a_browser(by_hand, aws):
    site = Site(by_hand, aws)
    issue, url, *notify = by_hand.tried.splitlines()
    chatter_id = by_hand.shell.run(issue).split()[-1]
    assert by_hand.shell.run(url) == f"wss://{by_hand.api}.execute-api.us-east-1.amazonaws.com/{by_hand.stage}"
    with site.browser("friendless", chatter_id) as browser:
        by_hand.shell.run("\n".join(notify))
        assert browser.hear()["body"] == {"message": "hello"}
        for send, plays in ((site.send, 2), (site.put_into_outbox, 3)):
            send({"login": "friendless", "body": {"plays": plays}})
            assert browser.hear()["body"] == {"plays": plays}
        browser.say({"action": "sync", "login": "friendless", "cursor": None, "n": 1})
        assert browser.hear()["n"] == 1
    eventually("the row is gone", lambda: site.connections_of("friendless") == [])


def test_deleting_a_chatter_id_closes_its_socket(by_hand, aws):
    site = Site(by_hand, aws)
    with site.browser("leaving", site.issue("leaving")) as browser:
        [item] = site.dynamodb.query(
            TableName="ByHand-chatters", KeyConditionExpression="login = :login", ExpressionAttributeValues={":login": {"S": "leaving"}},
        )["Items"]
        key = {name: item[name] for name in ("login", "chatter_hash")}
        site.dynamodb.delete_item(TableName="ByHand-chatters", Key=key)
        assert browser.hear() == {"type": "closing", "reason": "revoked", "retry": False}


def functions(aws, prefix: str) -> dict[str, dict]:
    client = aws.client("lambda")
    return {name: client.get_function_configuration(FunctionName=f"{prefix}-{name}") for name in FUNCTIONS}


def rights(aws, prefix: str, names: dict[str, str]) -> dict[str, set]:
    """What each function may do, and on what, in words that are the same for two deployments."""
    iam, found = aws.client("iam"), {}
    for function, configuration in functions(aws, prefix).items():
        role = configuration["Role"].split("/")[-1]
        found[function] = set()
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]:
                for action in as_list(statement["Action"]):
                    found[function] |= {(statement["Effect"], action, named(one, names)) for one in as_list(statement["Resource"])}
    return found


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def named(arn: str, names: dict[str, str]) -> str:
    # Both write a log group's ARN, of which one ends in `:*`.
    for physical, word in sorted(names.items(), key=lambda pair: -len(pair[0])):
        arn = arn.replace(physical, word)
    return arn.removesuffix(":*")


def test_each_function_has_the_rights_that_cdk_gives_it_and_no_others(by_hand, deployment, aws):
    outputs = deployment.outputs
    cdk = {outputs[f"{table}Table"]: table for table in ("Chatters", "Connections", "Updates", "Outbox")}
    queues = {"QueueUrl": "Updates", "DeadLetterQueueUrl": "Dead"}
    cdk |= {outputs[url].split("/")[-1]: f"{queue}Queue" for url, queue in queues.items()}
    cdk |= {deployment.socket_url.split("/")[-2]: "API", f"/{deployment.settings['stage']}/": "/STAGE/", "Chatterbox-": "LOG-"}
    hand = {f"table/ByHand-{name.lower()}": f"table/{name}" for name in ("Chatters", "Connections", "Updates", "Outbox")}
    hand |= {"ByHand-updates": "UpdatesQueue", "ByHand-dead-letters": "DeadQueue"}
    hand |= {by_hand.api: "API", f"/{by_hand.stage}/": "/STAGE/", "lambda/ByHand-": "lambda/LOG-"}
    assert rights(aws, "ByHand", hand) == rights(aws, "Chatterbox", cdk)


def test_each_function_has_the_settings_that_cdk_gives_it(by_hand, deployment, aws):
    features = ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures")
    theirs, ours = functions(aws, "Chatterbox"), functions(aws, "ByHand")
    for name in FUNCTIONS:
        assert {one: ours[name][one] for one in features} == {one: theirs[name][one] for one in features}, name
        assert ours[name]["LoggingConfig"] == json.loads(json.dumps(theirs[name]["LoggingConfig"]).replace("Chatterbox", "ByHand"))
        # Those that CDK sets besides are the defaults.
        defaults = {"LOGIN_PARAMETER", "CHATTER_PARAMETER", "TOPIC_PARAMETER", "MAX_CONNECTIONS_PER_LOGIN", "OBSERVABILITY", "FLOOD_HANDSHAKES"}
        variables = theirs[name]["Environment"]["Variables"].keys() - defaults
        assert ours[name]["Environment"]["Variables"].keys() == variables, name


def test_the_tables_queues_routes_and_sources_are_those_of_cdk(by_hand, deployment, aws):
    """By what can be told of them without names."""
    api, contract = aws.client("apigatewayv2"), json.loads((ROOT / "infra" / "contract.json").read_text())
    assert api.get_api(ApiId=by_hand.api)["RouteSelectionExpression"] == contract["routeSelection"]
    keys = contract["routeKeys"]
    routes = {one["RouteKey"]: one.get("RouteResponseSelectionExpression") for one in api.get_routes(ApiId=by_hand.api)["Items"]}
    assert routes == {keys["$connect"]: None, keys["$disconnect"]: None, keys["$default"]: "$default", keys["ping"]: "$default"}
    [stage] = api.get_stages(ApiId=by_hand.api)["Items"]
    throttles = {route: {"rate": of["ThrottlingRateLimit"], "burst": of["ThrottlingBurstLimit"]} for route, of in stage["RouteSettings"].items()}
    assert throttles == {keys[route]: throttle for route, throttle in contract["throttle"].items()}

    for table, expected in json.loads((ROOT / "crates" / "core" / "contract.json").read_text())["tables"].items():
        assert table_of(aws, f"ByHand-{table}") == expected, table
    assert queue_of(aws, by_hand.outputs["QueueUrl"]) == queue_of(aws, deployment.outputs["QueueUrl"])
    assert sources_of(aws, "ByHand") == sources_of(aws, "Chatterbox")


def table_of(aws, name: str) -> dict:
    """A table as core's contract has it; the items of all expire, and those that last are backed up."""
    dynamodb = aws.client("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    is_backed_up = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert is_backed_up == name.endswith(("chatters", "updates")), name
    keys = [one["AttributeName"] for one in table["KeySchema"]]
    indexes = [[one["IndexName"], *(key["AttributeName"] for key in one["KeySchema"])] for one in table.get("GlobalSecondaryIndexes", [])]
    return {
        "partitionKey": keys[0],
        "sortKey": keys[1] if len(keys) > 1 else None,
        "index": indexes[0] if indexes else None,
        "stream": table.get("StreamSpecification", {}).get("StreamViewType"),
    }


def queue_of(aws, url: str) -> dict:
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    kept = ("MessageRetentionPeriod", "SqsManagedSseEnabled")
    return {**{one: attributes.get(one) for one in kept}, "tries": int(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"])}


def sources_of(aws, prefix: str) -> list:
    mappings = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    kept = ["BatchSize", "BisectBatchOnFunctionError", "FilterCriteria", "FunctionResponseTypes", "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts", "ScalingConfig"]

    def features(one: dict) -> dict:
        # A queue has no position to start from, though the emulator says one for it.
        of_stream = ["StartingPosition"] if ":dynamodb:" in one["EventSourceArn"] else []
        return {name: one.get(name) for name in kept + of_stream}

    return sorted(json.dumps(features(one), sort_keys=True) for one in mappings if f":{prefix}-" in one["FunctionArn"])

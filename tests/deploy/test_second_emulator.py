"""The plain template, as it stands, read by a second emulator that others wrote: moto. It runs no function and knows no WebSocket
API, but whatever it makes of the template has to be what ministack makes of it."""

import io
import json
import os
import subprocess
import zipfile
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from deployment import CALLBACK, FUNCTIONS, INFRA, ROOT, STAGE
from test_by_hand import as_list, functions, queue_of, sources_of, table_of

STACK, CODE, ORIGIN, ACCOUNT = "Moto", "code-of-moto", "https://www.example.com", "123456789012"
# moto warns of each resource that it makes nothing of; below is a test of which those are.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
# What moto 5.2.5 makes nothing of. The rest, it has to make.
UNKNOWN_TO_MOTO = {
    "AWS::ApiGateway::Account", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::IntegrationResponse",
    "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::Stage", "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventInvokeConfig", "AWS::SQS::QueuePolicy",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> dict:
    path = tmp_path_factory.mktemp(STACK) / "template.json"
    architecture = "x86_64" if os.uname().machine == "x86_64" else "arm64"
    words = ["node", "--no-warnings", "--import", "tsx", "bin/template.ts", str(path), "", architecture]
    subprocess.run(words, cwd=INFRA, check=True, capture_output=True, timeout=120)
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def moto(template):
    """moto with the stack, and its clients. It answers within this process, to whoever asks AWS's own addresses."""
    credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    with mock_aws(config={"lambda": {"use_docker": False}}):
        aws = SimpleNamespace(client=lambda service: boto3.client(service, **credentials))
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("bootstrap", "nobody runs this")
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=CODE)
        for key, body in (("program", zipped.getvalue()), ("template", json.dumps(template))):
            s3.put_object(Bucket=CODE, Key=key, Body=body)
        parameters = {f"{name.capitalize()}Key": "program" for name in FUNCTIONS}
        parameters |= {"CodeBucket": CODE, "AllowedOrigins": ORIGIN, "Stage": STAGE}
        aws.client("cloudformation").create_stack(
            StackName=STACK, TemplateURL=f"https://{CODE}.s3.amazonaws.com/template", Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        [stack] = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        yield SimpleNamespace(client=aws.client, outputs={one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]})


def test_moto_makes_every_resource_that_it_knows(moto, template):
    made = moto.client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    expected = [one["Type"] for one in template["Resources"].values() if one["Type"] not in UNKNOWN_TO_MOTO]
    assert sorted(one["ResourceType"] for one in made if one["ResourceType"]) == sorted(expected)


def test_the_tables_are_those_of_core(moto):
    for table, expected in json.loads((ROOT / "crates" / "core" / "contract.json").read_text())["tables"].items():
        name = moto.outputs[f"{table.capitalize()}Table"]
        described = moto.client("dynamodb").describe_table(TableName=name)["Table"]
        keys = [one["AttributeName"] for one in described["KeySchema"]]
        assert (keys[0], *keys[1:]) == (expected["partitionKey"], *filter(None, [expected["sortKey"]])), table
        assert described.get("StreamSpecification", {}).get("StreamViewType") == expected["stream"], table


def test_queues_and_sources_are_those_that_ministack_makes(moto, deployment, aws):
    assert queue_of(moto, moto.outputs["QueueUrl"]) == queue_of(aws, deployment.outputs["QueueUrl"])
    assert sources_of(moto, STACK) == sources_of(aws, "Chatterbox")


def words(outputs: dict[str, str], stack: str) -> dict[str, str]:
    """What is named otherwise in each deployment, in words that are the same for both."""
    found = {value: key for key, value in outputs.items() if key.endswith("Table")}
    found |= {outputs[url].split("/")[-1]: url for url in ("QueueUrl", "DeadLetterQueueUrl")}
    return found | {outputs["WebSocketUrl"].split("/")[2].split(".")[0]: "API", f"{stack}-": "STACK-"}


def in_words(text: str, outputs: dict[str, str], stack: str) -> str:
    for physical, word in sorted(words(outputs, stack).items(), key=lambda pair: -len(pair[0])):
        text = text.replace(physical, word)
    return text.replace(ACCOUNT, "000000000000")


def test_each_function_has_the_settings_and_variables_that_ministack_gives_it(moto, deployment, aws):
    def of(client, outputs, stack) -> dict:
        found = {}
        for name, one in functions(client, stack).items():
            variables = {key: str(value) for key, value in one["Environment"]["Variables"].items()}
            # The emulator of the tests has an address of its own there, and the plain template origins.
            for other in (CALLBACK, "ALLOWED_ORIGINS", "METRICS_NAMESPACE", "DEFER_QUEUE_URL"):
                variables.pop(other, None)
            features = {key: one[key] for key in ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures")}
            found[name] = json.loads(in_words(json.dumps({**features, **variables}), outputs, stack))
        return found

    assert of(moto, moto.outputs, STACK) == of(aws, deployment.outputs, "Chatterbox")
    connect = functions(moto, STACK)["connect"]["Environment"]["Variables"]
    assert (connect["ALLOWED_ORIGINS"], connect["METRICS_NAMESPACE"]) == (ORIGIN, STACK)


def test_each_function_has_the_rights_that_ministack_gives_it(moto, deployment, aws):
    def of(client, outputs, stack) -> dict:
        iam, found = client.client("iam"), {}
        for name, one in functions(client, stack).items():
            role, rights = one["Role"].split("/")[-1], set()
            for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]:
                    resources = [in_words(one, outputs, stack).removesuffix(":*") for one in as_list(statement["Resource"]) if one]
                    rights |= {(statement["Effect"], action, one) for action in as_list(statement["Action"]) for one in resources}
            found[name] = rights
        return found

    assert of(moto, moto.outputs, STACK) == of(aws, deployment.outputs, "Chatterbox")

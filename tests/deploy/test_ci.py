"""examples/ci: the roles with which GitHub's workflow deploys, made by the document's command."""

import json
import os
import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

import yaml

from clients import PATIENCE
from deployment import ROOT
from documents import DEPLOY, commands

ROLES = ROOT / "examples" / "ci" / "roles.yml"
BIN = Path(sys.executable).parent


def test_the_documents_command_makes_two_roles_that_one_repositorys_jobs_take_on(emulator, aws, tmp_path):
    [command] = commands(DEPLOY, "roles.yml")
    assert words(command) in words(ROLES.read_text()), "the file says it too"
    (tmp_path / "roles.yml").write_text(fitted(ROLES.read_text()))
    command = command.replace("OWNER/NAME", "owner/name").replace("examples/ci/roles.yml", str(tmp_path / "roles.yml"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, **emulator.environment, "AWS_DEFAULT_REGION": "us-east-1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [stack] = aws.client("cloudformation").describe_stacks(StackName="ChatterboxCi")["Stacks"]
    roles = {one["OutputKey"]: one["OutputValue"].split("/")[-1] for one in stack["Outputs"]}
    assert {name: subject(aws, role) for name, role in roles.items()} == {
        "DiffRole": "repo:owner/name:pull_request",
        "DeployRole": "repo:owner/name:environment:production",
    }
    assert actions(aws, roles["DiffRole"]) == {"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "ssm:GetParameter"}
    assert "sts:AssumeRole" in actions(aws, roles["DeployRole"])
    assert not any(action.endswith("*") for role in roles.values() for action in actions(aws, role))
    aws.client("cloudformation").delete_stack(StackName="ChatterboxCi")


def words(text: str) -> str:
    return " ".join(text.replace("#", " ").split())


def fitted(template: str) -> str:
    """Without the provider of GitHub's tokens, of which ministack 1.5.33 knows no such resource."""
    without = re.sub(r"  Provider:\n    Type: .*?\n\n", "", template, flags=re.DOTALL)
    return re.sub(r"    Metadata:\n      Provider: .*\n", "", without)


def subject(aws, role: str) -> str:
    """Whose tokens may take the role on: of GitHub, for AWS, and of nobody else."""
    document = policy(aws.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    [statement] = document["Statement"]
    assert statement["Principal"]["Federated"].endswith(":oidc-provider/token.actions.githubusercontent.com")
    assert statement["Condition"].keys() == {"StringEquals"}
    claims = {name.split(":")[1]: value for name, value in statement["Condition"]["StringEquals"].items()}
    assert claims.pop("aud") == "sts.amazonaws.com"
    return claims.pop("sub")


def actions(aws, role: str) -> set[str]:
    iam = aws.client("iam")
    documents = [policy(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in iam.list_role_policies(RoleName=role)["PolicyNames"]]
    listed = [statement["Action"] for document in documents for statement in document["Statement"]]
    return {action for one in listed for action in (one if isinstance(one, list) else [one])}


def policy(document: str | dict) -> dict:
    return document if isinstance(document, dict) else json.loads(urllib.parse.unquote(document))


def test_the_workflow_has_no_right_that_it_does_not_need_and_runs_what_the_makefile_has():
    workflow = yaml.safe_load((ROOT / "examples" / "ci" / "deploy.yml").read_text())
    assert workflow["permissions"] == {}
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert rights == {
        "diff": {"contents": "read", "id-token": "write", "pull-requests": "write"},
        "deploy": {"contents": "read", "id-token": "write"},
    }
    # `on` is a truth value in YAML 1.1.
    assert workflow[True].keys() == {"pull_request", "push"}, "pull_request_target would give a fork's code the secrets"
    lines = [line for job in workflow["jobs"].values() for step in job["steps"] for line in step.get("run", "").splitlines()]
    targets = {word for line in lines if line.startswith("make ") for word in line.split(">")[0].split()[1:] if not word.startswith("-")}
    assert targets == {"build", "diff", "deploy"}
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert not any("${{" in line for line in lines), "what is put into a shell command could be a command"


def test_the_roles_template_has_no_finding_of_cfn_lint():
    done = subprocess.run([BIN / "cfn-lint", "--regions", "us-east-1", "--", ROLES], capture_output=True, text=True, timeout=5 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr

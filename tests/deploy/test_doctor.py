"""`make doctor`, which `make deploy` begins with, on an account. infra/test/doctor.test.ts has the answers that no emulator gives."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from clients import PATIENCE
from deployment import ROOT


@pytest.fixture
def doctor(emulator, tmp_path):
    """Asks about a deployment with these settings; returns whether it would succeed, and the lines about the account."""

    def ask(settings: dict | Path, **environment: str) -> tuple[bool, list[str]]:
        if isinstance(settings, dict):
            (tmp_path / "settings.json").write_text(json.dumps(settings))
            settings = tmp_path / "settings.json"
        done = subprocess.run(
            ["make", "--no-print-directory", "doctor", f"SETTINGS={settings}"], cwd=ROOT,
            env={**os.environ, **emulator.environment, **environment}, capture_output=True, text=True, timeout=2 * PATIENCE,
        )
        lines = [line.strip() for line in done.stdout.splitlines()]
        answers = [line for line in lines if line[:2] in ("✔ ", "✖ ", "! ", "? ")]
        assert answers, done.stdout + done.stderr
        assert (done.returncode == 0) == (not any(line[0] == "✖" for line in answers)), done.stdout
        return done.returncode == 0, answers

    return ask


def test_a_first_deployment_and_a_next_one_are_told_that_nothing_stands_in_their_way(deployment, doctor):
    fresh, answers = doctor({"stackName": "Fresh", "apiGatewayLogRole": False})
    assert fresh and "✔ There is no stack Fresh yet." in answers
    assert any("The account is 000000000000, the region us-east-1" in answer for answer in answers)
    assert any(answer.startswith("✔ us-east-1 is bootstrapped for CDK") for answer in answers)
    assert any(answer.startswith("✔ API Gateway takes 10,000 requests a second") for answer in answers)
    # How many depends on the machine's processors, with this emulator.
    assert any(" Lambda runs " in answer for answer in answers)

    again, answers = doctor(deployment.settings_file)
    assert again and any(answer.startswith("✔ The stack Chatterbox can be deployed to (") for answer in answers)
    assert "✔ No name that the stack needs is taken by something else." in answers


def test_a_region_without_cdks_roles_is_named(doctor):
    succeeds, answers = doctor({"stackName": "Fresh"}, AWS_REGION="eu-west-1")
    assert not succeeds
    assert any("bootstrap aws://000000000000/eu-west-1, once" in answer for answer in answers if answer[0] == "✖")


def test_names_that_are_taken_are_found(doctor, aws):
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/Taken-notify")
    try:
        succeeds, answers = doctor({"stackName": "Taken", "apiGatewayLogRole": False})
    finally:
        logs.delete_log_group(logGroupName="/aws/lambda/Taken-notify")
    assert not succeeds
    assert [answer for answer in answers if answer[0] == "✖"] == [
        "✖ There is a log group /aws/lambda/Taken-notify already, which is not the stack's: "
        "aws logs delete-log-group --log-group-name /aws/lambda/Taken-notify, or choose another stackName."
    ]


def test_the_zone_and_the_certificate_of_a_host_are_looked_at(doctor, aws):
    zone = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="doctor")["HostedZone"]["Id"]
    arn = aws.client("acm").request_certificate(DomainName="*.example.com", ValidationMethod="DNS")["CertificateArn"]
    name = {"id": zone.removeprefix("/hostedzone/"), "name": "example.com"}
    answers = doctor({"stackName": "Fresh", "host": {"name": "socks.example.com", "zone": name, "certificateArn": arn}})[1]
    assert "✔ The zone example.com is there, and public." in answers
    assert any("The certificate of socks.example.com" in answer for answer in answers)
    missing = {"name": "socks.example.com", "zone": {**name, "id": "Z00000000000000"}}
    succeeds, answers = doctor({"stackName": "Fresh", "host": missing})
    assert not succeeds and any("✖ There is no zone Z00000000000000 in this account" in answer for answer in answers)

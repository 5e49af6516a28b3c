"""Measures a deployed Chatterbox: `aws.py STACK ROUNDS`, with credentials and a region as every AWS program takes them.

Each round changes how much Lambda itself logs, which also makes it start every function anew; then invokes each function
twice, once cold and once warm, with events that touch nobody. What Lambda says of these invocations in the functions' logs
is the result. The logging is put back at the end, and the one item that notify writes is deleted.
"""

import json
import os
import statistics
import sys
import time
import uuid

import boto3

PATIENCE = 120.0
# boto3 itself looks at AWS_DEFAULT_REGION only, and at the profile; None leaves it at that.
AWS = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
LOGIN = "bench-nobody"
FIELDS = {"initDurationMs": "init, ms", "durationMs": "duration, ms", "maxMemoryUsedMB": "memory, MB"}


def socket_event(kind: str, route: str, **more) -> dict:
    now = int(time.time() * 1000)
    context = {
        "routeKey": route,
        "eventType": kind,
        "connectionId": "AAAAAAAAAAAAAAA=",
        "connectedAt": now,
        "requestTimeEpoch": now,
    }
    return {"requestContext": context, "isBase64Encoded": False, **more}


# A chatter ID that was never issued: checking it costs the same work as checking a valid one.
EVENTS = {
    "connect": lambda: socket_event(
        "CONNECT", "$connect", headers={}, queryStringParameters={"login": LOGIN, "chatter": str(uuid.uuid4())}
    ),
    "disconnect": lambda: socket_event("DISCONNECT", "$disconnect"),
    "default": lambda: socket_event(
        "MESSAGE", "$default", body=json.dumps({"action": "sync", "login": LOGIN, "cursor": None, "n": 1})
    ),
    "notify": lambda: {"login": LOGIN, "body": {}},
    "revoke": lambda: {"Records": [{"eventSource": "aws:dynamodb", "eventName": "REMOVE", "dynamodb": {
        "SequenceNumber": "1", "Keys": {"login": {"S": LOGIN}, "chatter_hash": {"S": "0" * 64}},
    }}]},
}


class Function:
    """One deployed function."""

    def __init__(self, stack: str, name: str):
        self.name, self.full_name = name, f"{stack}-{name}"
        self.client, self.logs = AWS.client("lambda"), AWS.client("logs")
        configuration = self.client.get_function_configuration(FunctionName=self.full_name)
        self.logging = configuration["LoggingConfig"]
        self.environment = configuration["Environment"]["Variables"]
        self.start = int(time.time() * 1000)

    def begin(self, level: str):
        """Makes the next invocation a cold start, and has Lambda log its duration."""
        self._set_logging({**self.logging, "LogFormat": "JSON", "SystemLogLevel": level})

    def end(self):
        self._set_logging(self.logging)

    def invoke(self):
        answer = self.client.invoke(FunctionName=self.full_name, Payload=json.dumps(EVENTS[self.name]()))
        if "FunctionError" in answer:
            raise RuntimeError(f"{self.full_name}: {answer['Payload'].read().decode()}")

    def reports(self, count: int) -> list[dict]:
        """Lambda's log lines about the invocations, which appear some seconds later."""
        deadline = time.monotonic() + PATIENCE
        while True:
            pages = self.logs.get_paginator("filter_log_events").paginate(
                logGroupName=self.logging.get("LogGroup", f"/aws/lambda/{self.full_name}"),
                startTime=self.start,
                filterPattern='{ $.type = "platform.report" }',
            )
            lines = [event["message"] for page in pages for event in page["events"]]
            reports = [report for report in map(report_in, lines) if report]
            if len(reports) >= count:
                return reports
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.full_name}: {len(reports)} of {count} reports are in its log")
            time.sleep(3)

    def _set_logging(self, logging: dict):
        self.client.update_function_configuration(FunctionName=self.full_name, LoggingConfig=logging)
        self.client.get_waiter("function_updated_v2").wait(FunctionName=self.full_name)


def report_in(line: str) -> dict | None:
    """What a log line says of an invocation, or None for a line about something else.

    CloudWatch's filter leaves only reports; an emulator that ignores filters gives every line, in JSON or not.
    """
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    if not isinstance(event, dict) or event.get("type") != "platform.report":
        return None
    return event["record"]["metrics"]


def figure(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})" if values else "-"


def main():
    stack, rounds = sys.argv[1], int(sys.argv[2])
    functions = [Function(stack, name) for name in EVENTS]
    try:
        for round_number in range(rounds):
            for function in functions:
                function.begin("DEBUG" if round_number % 2 else "INFO")
                function.invoke()
                function.invoke()
        print(f"| {'function':<10} | start | " + " | ".join(f"{name:<22}" for name in FIELDS.values()) + " |")
        print("|---|---|" + "---|" * len(FIELDS))
        for function in functions:
            reports = function.reports(2 * rounds)
            for is_cold in (True, False):
                chosen = [report for report in reports if ("initDurationMs" in report) == is_cold]
                cells = [figure([report[field] for report in chosen if field in report]) for field in FIELDS]
                cells = " | ".join(f"{cell:<22}" for cell in cells)
                print(f"| {function.name:<10} | {'cold' if is_cold else 'warm':<5} | {cells} |")
    finally:
        for function in functions:
            function.end()
        [table] = [function.environment["UPDATES_TABLE"] for function in functions if function.name == "notify"]
        AWS.client("dynamodb").delete_item(TableName=table, Key={"login": {"S": LOGIN}})


main()

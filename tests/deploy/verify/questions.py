"""What AWS does not document, or not clearly, and only an account can tell. Each answer is what was seen, in a sentence."""

import json
import socket
import ssl
import time
import urllib.parse
import uuid
from datetime import datetime, timedelta, timezone

from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed

from clients import PATIENCE, Site
from verify.place import reason
from verify.stack import Stack

PING = json.dumps({"action": "ping"})
# What a route's key is that browsers send pings to (infra/lib/routes.ts).
PING_ROUTE = "ping-message"
# CloudWatch shows a minute's numbers some minutes later.
METRICS_PATIENCE = timedelta(minutes=6)
# API Gateway's metrics of a WebSocket API ("Monitor WebSocket API execution with CloudWatch metrics" in its Developer Guide).
COUNTS = ("ConnectCount", "MessageCount", "ClientError")
# How often a throttled route is asked so many things, and after how many seconds without an answer there is none.
ATTEMPTS, MESSAGES, SILENCE = 10, 40, 1.0


class Questions:
    """Asks about a deployed stack. The throttles that it sets for that go with the stack."""

    def __init__(self, site: Site, stack: Stack, login: str, refusals: int):
        self.site, self.stack, self.login, self.refusals = site, stack, login, refusals
        self._api = stack.place.client("apigatewayv2")

    def all(self) -> list[tuple[str, str]]:
        """Questions with answers. One that cannot be asked is answered with why."""
        asked = {
            "Which version of HTTP does the API's host speak?": self.http_version,
            "Does API Gateway compress messages, where a client offers it?": self.compression,
            "Is a handshake that is refused counted?": self.refused_handshakes,
            "Is a route's throttle above the account's refused?": self.throttle_above_the_accounts,
            "What is a throttled message answered?": self.throttled_messages,
            "What does a move task do with a dead-letter queue whose messages came from a queue and from elsewhere?": self.move_task,
        }
        return [(question, self._answered(ask)) for question, ask in asked.items()]

    def _answered(self, ask) -> str:
        try:
            return ask()
        except Exception as error:
            return f"Not known: {reason(error)}"

    def http_version(self) -> str:
        url = urllib.parse.urlsplit(self.site.deployment.socket_url)
        if url.scheme != "wss":
            return "Not asked: there is no TLS."
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection((url.hostname, url.port or 443), PATIENCE) as plain:
            with context.wrap_socket(plain, server_hostname=url.hostname) as tls:
                chosen = tls.selected_alpn_protocol()
                return f"Of h2 and http/1.1, offered by ALPN, it chose {chosen or 'none'}, over {tls.version()}."

    def compression(self) -> str:
        with self.site.browser(self.login, self.site.issue(self.login)) as browser:
            offered = browser.socket.request.headers.get("Sec-WebSocket-Extensions")
            taken = browser.socket.response.headers.get("Sec-WebSocket-Extensions")
        return f"Offered was `{offered}`, and taken `{taken}`." if taken else f"No: offered was `{offered}`, and nothing was taken."

    def refused_handshakes(self) -> str:
        if not self.refusals:
            return "Not asked: REFUSALS is 0."
        # Metrics are by the minute, so this one has a minute of its own.
        begin = next_minute()
        wait_until(begin)
        for _ in range(self.refusals):
            self.site.refusal(self.login, str(uuid.uuid4()))
        end = next_minute()
        wait_until(end)
        counts = self._counts(begin, end)
        while not counts["ConnectCount"] and datetime.now(timezone.utc) < end + METRICS_PATIENCE:
            time.sleep(10)
            counts = self._counts(begin, end)
        shown = ", ".join(f"{name} {count:.0f}" for name, count in counts.items())
        return f"After {self.refusals} handshakes that were refused with 401, and nothing else in those minutes, CloudWatch says {shown}. What is billed, the bill says."

    def _counts(self, begin: datetime, end: datetime) -> dict[str, float]:
        cloudwatch = self.stack.place.client("cloudwatch")
        dimensions = [{"Name": "ApiId", "Value": self.stack.api_id}, {"Name": "Stage", "Value": self.stack.stage}]
        counts = {}
        for name in COUNTS:
            points = cloudwatch.get_metric_statistics(
                Namespace="AWS/ApiGateway", MetricName=name, Dimensions=dimensions, StartTime=begin, EndTime=end, Period=60, Statistics=["Sum"],
            )["Datapoints"]
            counts[name] = sum(point["Sum"] for point in points)
        return counts

    def throttle_above_the_accounts(self) -> str:
        account = self.stack.place.client("apigateway").get_account()["throttleSettings"]
        rate = 2 * account["rateLimit"]
        try:
            self._throttle(rate, account["burstLimit"])
        except ClientError as refused:
            return f"Yes: {rate:,.0f} a second, where the account has {account['rateLimit']:,.0f}, was refused. {reason(refused)}"
        return f"No: {rate:,.0f} a second was taken, where the account has {account['rateLimit']:,.0f}."

    def throttled_messages(self) -> str:
        self._throttle(1, 1)
        heard, others = [], []
        with self.site.browser(self.login, self.site.issue(self.login)) as browser:
            # A new throttle takes some seconds to hold.
            for _ in range(ATTEMPTS):
                for _ in range(MESSAGES):
                    browser.socket.send(PING)
                heard = texts(browser.socket)
                others = sorted({text for text in heard if "pong" not in text})
                if others or not heard:
                    break
        if not others:
            return f"Nothing but pongs was heard: {len(heard)} for the last {MESSAGES} pings."
        return f"`{'`, `'.join(others)}`; to {MESSAGES} pings there were {len(heard)} answers."

    def _throttle(self, rate: float, burst: int):
        settings = {PING_ROUTE: {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}}
        self._api.update_stage(ApiId=self.stack.api_id, StageName=self.stack.stage, RouteSettings=settings)

    def move_task(self) -> str:
        """With queues of its own: one message was moved by SQS, and one sent, as Lambda sends those of its failed invocations."""
        sqs = self.stack.place.client("sqs")
        dead = sqs.create_queue(QueueName=f"{self.stack.name}-verify-dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        source = sqs.create_queue(QueueName=f"{self.stack.name}-verify-source", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})["QueueUrl"]
        try:
            sqs.send_message(QueueUrl=source, MessageBody="moved by SQS")
            sqs.send_message(QueueUrl=dead, MessageBody="sent")
            until(lambda: not received(sqs, source) and count(sqs, dead) == 2)
            sqs.start_message_move_task(SourceArn=arn)
            tasks = until(lambda: [one for one in sqs.list_message_move_tasks(SourceArn=arn)["Results"] if one["Status"] != "RUNNING"])
            task = tasks[0]
            moved, left = received(sqs, source), received(sqs, dead)
            why = f" ({task['FailureReason']})" if task.get("FailureReason") else ""
            return f"It ended as {task['Status']}{why}. It moved {moved or 'nothing'}, and left {left or 'nothing'}."
        finally:
            for queue in (source, dead):
                sqs.delete_queue(QueueUrl=queue)


def next_minute() -> datetime:
    return datetime.now(timezone.utc).replace(second=0, microsecond=0) + timedelta(minutes=1)


def wait_until(moment: datetime):
    time.sleep(max(0.0, (moment - datetime.now(timezone.utc)).total_seconds()))


def texts(websocket) -> list[str]:
    """What is heard until it is silent; of a frame of API Gateway's own, its message."""
    heard = []
    try:
        while True:
            text = websocket.recv(timeout=SILENCE)
            frame = json.loads(text)
            heard.append(frame["message"] if "message" in frame else text)
    except (TimeoutError, ConnectionClosed):
        return heard


def received(sqs, queue: str) -> list[str]:
    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return sorted({message["Body"] for message in answer.get("Messages", [])})


def count(sqs, queue: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def until(is_so):
    end = time.monotonic() + 2 * PATIENCE
    while not (found := is_so()):
        if time.monotonic() > end:
            raise TimeoutError(f"not so within {2 * PATIENCE:.0f} s")
        time.sleep(0.5)
    return found

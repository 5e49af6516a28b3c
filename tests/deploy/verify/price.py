"""What a run costs at most, by the prices with which `make cost` reckons."""

import json
import math
import subprocess
from dataclasses import dataclass

from deployment import INFRA
from verify.options import Options

# Bounds, not estimates: everything that a run does is below them.
MINUTES = 60
HANDSHAKES = 300
FUNCTIONS = 5
# A function's memory in GB, and the seconds that an invocation takes at most on the average, cold or not.
MEMORY, SECONDS = 0.25, 2
# Write and read units of a handshake or an update: docs/benchmarks.md has what each really takes.
UNITS = 20
# How long the stack is there, of a month's hours.
SHARE = 2 / 730
# Queues and streams are asked all the time, whether anything is in them or not.
POLLS = 20_000
LOG_GB = 0.05


@dataclass(frozen=True)
class Price:
    """In US dollars."""

    # What the run uses.
    used: float
    # What metrics, alarms and the dashboard add where the account has none of its free ones left, for the run's time.
    watched: float
    # A dashboard for a whole month, if AWS counts it so.
    dashboard: float
    source: str

    @property
    def cents(self) -> int:
        return math.ceil(100 * (self.used + self.watched))


def price(options: Options) -> Price:
    prices, source = known()
    messages = 20 * options.updates + 10 * options.sockets + 5_000
    invocations = 4 * FUNCTIONS * options.rounds + 2 * (options.updates + options.refusals) + 4 * options.sockets + HANDSHAKES * 3 + 5_000
    units = UNITS * (options.updates + options.refusals + 4 * options.sockets + HANDSHAKES)
    uses = {
        "messages": messages,
        "connection minutes": (options.sockets + HANDSHAKES) * MINUTES,
        "Lambda requests": invocations,
        "Lambda time": invocations * MEMORY * SECONDS,
        "DynamoDB writes": units,
        "DynamoDB reads": units,
        "SQS requests": POLLS,
        "log data": LOG_GB,
    }
    used = sum(units * prices[item]["dollars"] for item, units in uses.items())
    watched = SHARE * sum(prices[item]["dollars"] * count for item, count in {"metrics": 10, "alarms": 10, "dashboards": 1}.items())
    return Price(used, watched, prices["dashboards"]["dollars"], f"{source['region']}, {source['date']}")


def known() -> tuple[dict, dict]:
    """The prices of infra/cost/prices.ts, and of where and when they are."""
    script = 'const { PRICES, SOURCE } = require("./cost/prices.ts"); console.log(JSON.stringify([PRICES, SOURCE]))'
    command = ["node", "--no-warnings", "--import", "tsx", "--eval", script]
    done = subprocess.run(command, cwd=INFRA, capture_output=True, text=True, check=True)
    prices, source = json.loads(done.stdout)
    return prices, source


def sentence(options: Options) -> str:
    """What is said before it begins."""
    cost = price(options)
    return (
        f"It costs at most {cost.cents} cents, by the prices of {cost.source}, for at most an hour; the limits of what is free are not counted.\n"
        f"If your account has used up its free dashboards, one more is ${cost.dashboard:.2f}, should AWS count it for a whole month."
    )

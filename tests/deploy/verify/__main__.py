"""The run. `make verify-aws` calls it; options.py has what it is given."""

import os
import signal
import sys
import uuid
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from clients import Site
from verify import measures, scenes
from verify.conformance import CASES, Deviation, Player
from verify.options import Options, OptionsError
from verify.place import Place, reason
from verify.price import sentence
from verify.questions import Questions
from verify.report import DOCUMENT, Report
from verify.stack import TARGET, Stack, StackError

# Exit statuses: something was not as it should be, or is left; it could not be tried; it was interrupted.
WRONG, NOT_TRIED, INTERRUPTED = 1, 2, 130


def main() -> int:
    # Ended by whoever, it still destroys.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, hung_up)
    try:
        options, place = Options.given(), Place()
        account = place.identity()["Account"]
        stack = Stack(place, options.stack, TARGET / "verify", pause=0.2 if place.emulator else None)
        with stack.alone():
            return begin(options, place, stack, account)
    except (OptionsError, StackError, BotoCoreError, ClientError) as error:
        print(error if isinstance(error, (OptionsError, StackError)) else f"AWS cannot be reached: {reason(error)}", file=sys.stderr)
        return NOT_TRIED


def begin(options: Options, place: Place, stack: Stack, account: str) -> int:
    """Says what it will do, and does it where nothing stands in the way."""
    if stack.is_there():
        raise StackError(f"There is a stack {options.stack} already. If it is of a run that was killed: aws cloudformation delete-stack --stack-name {options.stack}")
    print(f"This deploys the stack {options.stack} to {place.region} in the account {account}, tries it, writes docs/verified.md and destroys it.")
    print(sentence(options))
    if not (options.yes or agreed()):
        print("Nothing was deployed.")
        return NOT_TRIED
    return run(options, place, stack)


def hung_up(*_):
    """The terminal is gone, and writing to it would fail."""
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    raise KeyboardInterrupt


def agreed() -> bool:
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False


def run(options: Options, place: Place, stack: Stack) -> int:
    """Whatever happens, the stack is destroyed."""
    report, status = Report(stack.name, place.region), 0
    try:
        stack.deploy()
        attempt(report, options, stack)
    except (StackError, BotoCoreError, ClientError) as error:
        print(error if isinstance(error, StackError) else f"AWS does not answer: {reason(error)}", file=sys.stderr)
        status = NOT_TRIED
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        status = INTERRUPTED
    finally:
        report.left = destroyed(stack)
    if status == 0:
        document = Path(os.environ.get("DOCUMENT") or DOCUMENT)
        report.write(document)
        print(f"{document} has all of it.")
        print(f"Of {len(report.scenes + report.cases)} scenes and cases, {len(report.failures)} were not as they should be.")
        status = WRONG if report.failures else 0
    return status or (WRONG if report.left else 0)


def attempt(report: Report, options: Options, stack: Stack):
    """Tries everything. What fails is noted, and the rest goes on."""
    site = Site(stack, stack.place)
    login = f"verify {uuid.uuid4().hex[:8]}"
    say("What users do. AWS may take minutes until it reads the tables' streams.")
    for number, scene in enumerate((scenes.notify_and_revoke_are_told_of_changes_in_the_tables, *scenes.SCENES)):
        name = scene.__name__.replace("_", " ")
        report.scenes.append((name, seen(name, lambda: scene(site, f"{login} {number}"))))
    say("API Gateway on the wire.")
    player = Player(site, stack.callback_url, lambda url: stack.place.client("apigatewaymanagementapi", url), login)
    for case in CASES:
        report.cases.append((case["name"], seen(case["name"], lambda: player.play(case))))
    say("How fast it is.")
    report.measures += measured("updates", lambda: measures.updates(site, login, options.updates) if options.updates else [])
    report.measures += measured("fan-outs", lambda: measures.fan_outs(site, login, options.sockets) if options.sockets else [])
    if options.rounds:
        try:
            report.starts = measures.starts(stack.name, options.rounds)
        except Exception as error:
            report.starts = f"Starts were not measured: {reason(error)}"
    say("What only an account can tell. Metrics are minutes late.")
    report.answers = Questions(site, stack, login, options.refusals).all()
    for question, answer in report.answers:
        print(f"  {question} {answer}")


def seen(name: str, what) -> str | None:
    """What was not as it should be, or None."""
    try:
        what()
    except Exception as error:
        said = str(error) if isinstance(error, (AssertionError, Deviation)) else reason(error)
        print(f"  ✖ {name}: {said}")
        return said or type(error).__name__
    print(f"  ✔ {name}")
    return None


def measured(what: str, measure) -> list[tuple[str, str]]:
    try:
        found = measure()
    except Exception as error:
        found = [(what, f"Not measured: {reason(error)}")]
    for name, figure in found:
        print(f"  {name}: {figure}")
    return found


def destroyed(stack: Stack) -> list[str]:
    """What is left: a line for each thing. Ctrl-C ends the waiting only, and says what to look at."""
    say("Destroying. This takes minutes.")
    try:
        left = stack.destroy()
    except KeyboardInterrupt:
        left = [f"The stack {stack.name} was being deleted: aws cloudformation describe-stacks --stack-name {stack.name}"]
    if left:
        print("This is left, and may cost something:", *left, sep="\n  ", file=sys.stderr)
    else:
        print("Nothing is left but the functions' zips in CDK's own bucket.")
    return left


def say(what: str):
    print(f"\n{what}", flush=True)


sys.exit(main())

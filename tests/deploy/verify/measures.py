"""How fast it is, from where this runs: the network between here and the region is in every figure but those of Lambda itself."""

import asyncio
import json
import math
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from websockets.asyncio.client import connect

from clients import PATIENCE, Site
from deployment import ROOT

# As many sockets as a login may have, so that an event with few logins reaches many.
SOCKETS_OF_A_LOGIN = 20
# A new account runs ten functions at once, of which these handshakes leave some to others.
HANDSHAKES_AT_ONCE = 8
PROGRAM = ROOT / "bench" / "aws.py"


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def updates(site: Site, login: str, count: int) -> list[tuple[str, str]]:
    """Milliseconds from the moment before notify is invoked until the browser has heard of it, one update after another."""
    times = []
    with site.browser(login, site.issue(login)) as browser:
        # The first ones start the functions and open connections.
        for number in range(count + 3):
            begin = time.monotonic()
            site.invoke_notify({"login": login, "body": number})
            while browser.hear().get("body") != number:
                pass
            times.append(1000 * (time.monotonic() - begin))
    times = times[3:]
    figures = [("median", 0.5), ("p90", 0.9), ("p99", 0.99)]
    shown = ", ".join(f"{name} {percentile(times, share):.0f} ms" for name, share in figures)
    return [(f"an update: from invoking notify here to a browser here, {count:,} times", shown)]


def fan_outs(site: Site, login: str, most: int) -> list[tuple[str, str]]:
    """Posts a second of one event that reaches 20 sockets, 40, 80 … and `most`."""
    logins = [f"{login} {number}" for number in range(-(-most // SOCKETS_OF_A_LOGIN))]
    with ThreadPoolExecutor(10) as threads:
        urls = [url for found in threads.map(lambda one: urls_of(site, one), logins) for url in found][:most]
    sizes, size = [], SOCKETS_OF_A_LOGIN
    while size < most:
        sizes.append(size)
        size *= 2
    return asyncio.run(fan_out(site, logins, urls, [*sizes, most]))


def urls_of(site: Site, login: str) -> list[str]:
    query = urllib.parse.urlencode({"login": login, "chatter": site.issue(login)})
    return [f"{site.deployment.socket_url}?{query}"] * SOCKETS_OF_A_LOGIN


async def fan_out(site: Site, logins: list[str], urls: list[str], sizes: list[int]) -> list[tuple[str, str]]:
    sockets, found = [], []
    try:
        for size in sizes:
            while len(sockets) < size:
                more = urls[len(sockets):min(size, len(sockets) + HANDSHAKES_AT_ONCE)]
                sockets += await asyncio.gather(*(connect(url, open_timeout=PATIENCE, ping_interval=None) for url in more))
            event = {"logins": logins[:-(-size // SOCKETS_OF_A_LOGIN)], "body": size}
            begin = time.monotonic()
            invoked = asyncio.create_task(asyncio.to_thread(site.invoke_notify, event))
            last = max(await asyncio.gather(*(heard(socket, size) for socket in sockets)))
            report = await invoked
            seconds = last - begin
            found.append((
                f"one event for {size:,} sockets: from invoking notify here until the last has heard of it",
                f"{1000 * seconds:.0f} ms, {size / seconds:,.0f} posts a second; sent {report['sent']}, failed {report['failed']}, deferred {report['deferred']}",
            ))
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)
    return found


async def heard(socket, body: int) -> float:
    """When the update with this body is heard."""
    async with asyncio.timeout(PATIENCE):
        while json.loads(await socket.recv()).get("body") != body:
            pass
    return time.monotonic()


def starts(stack: str, rounds: int) -> str:
    """What Lambda itself says of starts and invocations: the table of `make bench-aws`, in Markdown."""
    done = subprocess.run([sys.executable, PROGRAM, stack, str(rounds)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done.stdout

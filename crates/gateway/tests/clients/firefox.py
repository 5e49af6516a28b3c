"""Firefox without a window, driven by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), which it speaks itself."""

import asyncio
import os
import shutil
import tempfile

import aiohttp

from gateway import DEADLINE


def program():
    """The Firefox that the variable FIREFOX names, or the one in the path; `None` if there is none."""
    return os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")


async def evaluate(expression):
    """The value of a JavaScript expression, or of its promise, in a new Firefox."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            *(program(), "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            url = await _bidi_url(process.stderr)
            async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/session") as bidi:
                await _command(bidi, 1, "session.new", {"capabilities": {}})
                # Firefox's first page may not open sockets; an empty one may.
                page = await _command(bidi, 2, "browsingContext.create", {"type": "tab"})
                given = {"expression": expression, "target": page, "awaitPromise": True}
                return await _command(bidi, 3, "script.evaluate", given)
        finally:
            process.kill()
            await process.wait()


async def _bidi_url(stderr):
    while line := (await stderr.readline()).decode():
        if "WebDriver BiDi listening on " in line:
            return line.split()[-1]
    raise AssertionError("this Firefox has no WebDriver BiDi")


async def _command(bidi, number, method, parameters):
    await bidi.send_json({"id": number, "method": method, "params": parameters})
    while True:
        answer = await bidi.receive_json(timeout=DEADLINE)
        if answer.get("id") == number:
            assert answer["type"] == "success", answer
            return answer["result"]

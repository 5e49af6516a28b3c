"""The AWS CLI without the half second that each start of it takes: one process that has loaded it, and forks for each call.

What a command reads, prints and returns is its own.
"""

import os
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path

# Passes its words, folder, environment and standard streams on, and ends as the command ends.
CLIENT = """#!{python} -ISE
import json, os, socket, sys
words = sys.argv[1:]
# Version 1 of the AWS CLI asks SQS at AWS's own address, whatever the environment says.
if words[0] == "sqs":
    words += ["--endpoint-url", os.environ["AWS_ENDPOINT_URL"]]
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
asked = json.dumps([words, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(asked).to_bytes(4, "big")], [0, 1, 2])
server.sendall(asked)
sys.exit(server.recv(1)[0])
"""


def serving(listening: Path, program: Path) -> subprocess.Popen:
    """Starts the process, and writes the program `aws` that asks it."""
    program.write_text(CLIENT.format(python=sys.executable, path=str(listening)))
    program.chmod(0o755)
    process = subprocess.Popen([sys.executable, __file__, listening], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def serve(listening: str):
    # Loaded once, for all calls: the second is what each call would otherwise load as its plugins, for half of its time.
    import awscli.clidriver  # noqa: F401
    import awscli.handlers  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(listening)
    server.listen()
    print("ready", flush=True)
    while True:
        client, _ = server.accept()
        if os.fork() == 0:
            answer(client)
        client.close()


def answer(client: socket.socket):
    import json

    from awscli.clidriver import main

    size, streams, _, _ = socket.recv_fds(client, 4, 3)
    length, asked = int.from_bytes(size, "big"), b""
    while len(asked) < length:
        asked += client.recv(length - len(asked))
    words, folder, environment = json.loads(asked)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(folder)
    # Loaded, it has written into its environment where its own data are.
    data = os.environ["AWS_DATA_PATH"]
    os.environ.clear()
    os.environ.update(environment, AWS_DATA_PATH=data)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.argv = ["aws", *words]
    status = 255
    try:
        status = main()
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        client.sendall(bytes([status & 0xFF]))
        os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])

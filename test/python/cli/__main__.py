"""The Azure CLI as a server: its modules are loaded once, and each command runs in a fork of this process.

Takes commands at a Unix socket, whose path is the only argument: one JSON object with `args`, `cwd` and `input` a
connection; answers one with `code`, `output` and `errors`. With `result`, the command is only parsed and checked, and
ends as if that had come out of it. Ends with its standard input.
"""

import io
import json
import os
import socket
import sys
import tempfile
import threading

# Of the Azure CLI's command modules, those that the documentation uses; each wants packages of its own.
MODULES = {"acs", "cloud", "identity", "profile", "resource", "role", "storage", "vm"}


def main(path):
    from azure.cli.core import MainCommandsLoader

    load_modules = MainCommandsLoader._load_modules
    MainCommandsLoader._load_modules = lambda loader, args, names: load_modules(
        loader, args, [name for name in names if name in MODULES]
    )
    # What a command of each module imports is then there for all of them.
    with tempfile.TemporaryFile() as nowhere:
        spoken = os.dup(1)
        os.dup2(nowhere.fileno(), 1)
        for group in ("storage account", "role assignment", "identity", "group", "ad app", "aks", "vmss"):
            run([*group.split(), "--help"])
        sys.stdout.flush()
        os.dup2(spoken, 1)

    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    threading.Thread(target=end_with_input, args=(os.getpid(),), daemon=True).start()
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            if os.fork() == 0:
                answer(connection)
                os._exit(0)
        reap()


def end_with_input(pid):
    sys.stdin.buffer.read()
    os._exit(0)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def answer(connection):
    with connection.makefile("rwb") as stream:
        command = json.loads(stream.readline())
        os.chdir(command["cwd"])
        sys.stdin = io.StringIO(command["input"])
        # The CLI's parts keep the streams that they found at their start: what is behind those is exchanged.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            os.dup2(output.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            code = run(command["args"], command.get("result"))
            sys.stdout.flush()
            sys.stderr.flush()
            result = {"code": code, "output": whole(output), "errors": whole(errors)}
        stream.write(json.dumps(result).encode() + b"\n")


def whole(file):
    file.seek(0)
    return file.read().decode()


def run(args, result=None):
    from azure.cli.core import get_default_cli
    from azure.cli.core.commands import AzCliCommandInvoker

    if result is not None:
        AzCliCommandInvoker._run_job = lambda *_: result
    cli = get_default_cli()
    try:
        return cli.invoke(args) or 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)


main(sys.argv[1])

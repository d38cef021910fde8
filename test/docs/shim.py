"""What stands in PATH for az, kubectl and velero while a page's commands run: hands the call to the test, waits for its answer."""

import json
import os
import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(os.environ["PAGE_COMMANDS"])
# A terminal or nothing is no input; only what a pipe or a here document brings is.
text = sys.stdin.read() if not sys.stdin.isatty() else ""
call = {"tool": os.path.basename(sys.argv[0]).removesuffix(".py"), "args": sys.argv[1:], "cwd": os.getcwd(), "input": text}
with connection.makefile("rwb") as stream:
    stream.write(json.dumps(call).encode() + b"\n")
    stream.flush()
    answer = json.loads(stream.readline())
sys.stdout.write(answer["output"])
sys.stderr.write(answer["errors"])
sys.exit(answer["code"])

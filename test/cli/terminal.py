"""Runs a command on a terminal of its own and types an answer when it is asked.

    terminal.py PROMPT ANSWER COMMAND ARGUMENT...

Prints all that the command wrote to the terminal, and ends with its exit code. An empty answer hangs up (Ctrl-D).
"""

import os
import pty
import sys


def main() -> int:
    prompt, answer, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    said = b""
    asked = False
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the child closed its end
            piece = b""
        if piece == b"":
            break
        said += piece
        if not asked and prompt.encode() in said:
            asked = True
            os.write(terminal, b"\x04" if answer == "" else answer.encode() + b"\n")
    sys.stdout.buffer.write(said)
    sys.stdout.flush()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


sys.exit(main())

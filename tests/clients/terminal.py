"""Runs a program in a terminal of its own, as a person would who waits for what they see and then types.

Usage: terminal.py STEPS PROGRAM ARGUMENT...
STEPS is JSON: a list of [what to wait for, what to type then]; typing {"resize": [ROWS, COLUMNS]} resizes the terminal.
Writes all that the terminal showed to standard output, and exits with the program's status (128 + n for a signal).
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

PATIENCE_S = 20


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    steps, command = json.loads(sys.argv[1]), sys.argv[2:]
    pid, terminal = pty.fork()
    if pid == 0:
        # The size is set before anybody looks.
        resize(0, 24, 80)
        os.execvp(command[0], command)
    shown, seen, deadline = b"", 0, time.monotonic() + PATIENCE_S
    while True:
        while steps:
            position = shown.find(steps[0][0].encode(), seen)
            if position < 0:
                break
            seen = position + len(steps[0][0].encode())
            _, typed = steps.pop(0)
            if isinstance(typed, dict):
                resize(terminal, *typed["resize"])
            else:
                os.write(terminal, typed.encode())
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            sys.exit(f"waited for {steps[0][0] if steps else 'the end'!r} in vain; shown: {shown!r}")
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    _, status = os.waitpid(pid, 0)
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    if steps:
        sys.exit(f"it ended before {steps[0][0]!r}; shown: {shown!r}")
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)


main()

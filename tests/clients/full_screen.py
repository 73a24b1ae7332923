"""A full-screen program: shows keys, the size of the terminal, and each signal that it gets, until q is pressed."""

import curses
import signal
import sys


def run(screen):
    interrupts = 0

    def interrupted(_signal, _frame):
        nonlocal interrupts
        interrupts += 1

    signal.signal(signal.SIGINT, interrupted)
    curses.halfdelay(1)
    screen.addstr(0, 0, "%dx%d ready" % screen.getmaxyx())
    line = 1
    while True:
        key = screen.getch()
        if key == ord("q"):
            return interrupts
        if key == curses.KEY_RESIZE:
            screen.addstr(line, 0, "resized to %dx%d" % screen.getmaxyx())
            line += 1
        elif key == ord("i"):
            screen.addstr(line, 0, "interrupted %d times" % interrupts)
            line += 1
        elif key >= 0:
            screen.addstr(line, 0, "key %d" % key)
            line += 1


sys.exit(3 + curses.wrapper(run))

"""Runs a command on a terminal of its own:  python3 terminal.py PROGRAM [ARGUMENT…]

Standard input is typed, what appears goes to standard output. At the end one line on standard
error says whether the terminal is as it was, and the exit code is the command's.
"""
import os
import pty
import select
import signal
import sys
import termios

master, slave = pty.openpty()
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.setsid()
    import fcntl

    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for stream in (0, 1, 2):
        os.dup2(slave, stream)
    os.close(master)
    os.execvp(sys.argv[1], sys.argv[1:])

sources = [0, master]
status = None
while status is None:
    ready, _, _ = select.select(sources, [], [], 0.05)
    if master in ready:
        os.write(1, os.read(master, 65536))
        continue
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(master, typed)
        else:
            # The test has closed its end, so the terminal closes as well.
            sources.remove(0)
            os.kill(child, signal.SIGHUP)
    done, code = os.waitpid(child, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(code)
after = termios.tcgetattr(slave)
print("restored" if before == after else "not restored", file=sys.stderr)
sys.exit(status if status >= 0 else 128 - status)

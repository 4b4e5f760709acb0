"""Runs a command for as long as standard input stays open, then kills all it started.

Whoever starts a server through it holds the other end of the pipe: however that process ends,
`kill -9` included, the server ends too. Writes the id of the command's process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(command: list[str]) -> int:
    """The command's exit code."""
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), start_new_session=True
    )

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    def kill_at_the_end_of_input() -> None:
        sys.stdin.buffer.read()
        kill()

    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    threading.Thread(target=kill_at_the_end_of_input, daemon=True).start()
    code = child.wait()
    kill()  # a server may die before what it started
    return code


if __name__ == "__main__":
    # The thread may still be reading: leave without waiting for it.
    os._exit(main(sys.argv[1:]) & 0xFF)

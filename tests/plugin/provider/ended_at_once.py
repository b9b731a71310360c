"""Plugins that are told to end as soon as they serve: forked, since only the first pays for its imports.

    python -m tests.plugin.provider.ended_at_once ENGINE_ADDRESS NUMBER

One line for each: its exit code, or "alive" if it did not end.
"""

import os
import signal
import sys
import time

from provider.plugin import main

END_SECONDS = 20
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def ended(engine_address: str, sent: signal.Signals, pause: float) -> str:
    """What became of one plugin."""
    ready, told = os.pipe()
    plugin = os.fork()
    if plugin == 0:
        os.dup2(told, sys.stdout.fileno())
        main([engine_address])
    os.close(told)
    assert os.read(ready, 16).strip().isdigit()
    os.close(ready)
    time.sleep(pause)
    os.kill(plugin, sent)
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end:
        found, status = os.waitpid(plugin, os.WNOHANG)
        if found:
            return str(os.waitstatus_to_exitcode(status))
        time.sleep(0.002)
    os.kill(plugin, signal.SIGKILL)
    os.waitpid(plugin, 0)
    return "alive"


if __name__ == "__main__":
    for number in range(int(sys.argv[2])):
        # The pauses go through the moments between "it serves" and "it waits", a tenth of a millisecond apart.
        print(ended(sys.argv[1], SIGNALS[number % 2], number % 16 / 10_000), flush=True)

"""How benchmarks measure: seconds and peak memory of a process of its own, printed as a table."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence


def run(command: Sequence[str], *, repeat: int = 3) -> tuple[float, float]:
    """Return the median seconds and the peak memory (MB) of a command run several times.

    Memory is read from the operating system after the end of the process (0 where it tells none).
    """
    seconds, memory = [], []
    for _ in range(repeat):
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if hasattr(os, "wait4"):
            _, fault = (
                process.communicate() if process.stderr is None else (None, process.stderr.read())
            )
            _, status, usage = os.wait4(process.pid, 0)
            code, peak = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
            process.returncode = code
        else:
            _, fault = process.communicate()
            code, peak = process.returncode, 0.0
        if code:
            message = f"{command}: exit code {code}\n{(fault or b'').decode()}"
            raise SystemExit(message)
        seconds.append(time.perf_counter() - began)
        memory.append(peak)
    return statistics.median(seconds), max(memory)


def python(code: str) -> list[str]:
    """Return the command that runs a piece of Python in a process of its own."""
    return [sys.executable, "-c", code]

"""make bench: `python -m bench [PART...]`, all parts by default. Previews and machines need no embedded lab."""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from bench import labs, machines, previews
from bench.report import figure, heading
from config import releases

PARTS = {
    "preview": "of 10 and of 100 nodes that are still to be made",
    "machines": "32 at once on a slow host, and as full and linked clones: time, calls, memory of the plugin",
    "noop": "runs of a whole lab without changes, against an empty program",
    "cold": "a lab of each runtime from nothing, with critical path, state, connections and destroy",
    "baked": "a lab of the default runtime from an image that has its stack inside",
}


def main() -> None:
    """Measure the parts that were asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.description = "\n".join(f"{part}: {what}" for part, what in PARTS.items())
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; default: all")
    parts = set(parser.parse_args().parts) or set(PARTS)
    if unknown := sorted(parts - set(PARTS)):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    # As on a user's machine, where Python keeps what it compiled of the program.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    heading("machine")
    figure("size", f"{os.cpu_count()} cores, {memory:.0f} GiB, kernel {platform.release()}")
    with tempfile.TemporaryDirectory() as directory:
        if "preview" in parts:
            previews.measure(Path(directory) / "previews")
        if "machines" in parts:
            machines.measure(Path(directory) / "machines")
        if parts & {"noop", "cold"}:
            measure_labs(Path(directory), is_cold="cold" in parts, is_noop="noop" in parts)
        if "baked" in parts:
            labs.measure_baked(Path(directory) / "baked", releases.default_runtime())


def measure_labs(directory: Path, *, is_cold: bool, is_noop: bool) -> None:
    """A lab of each runtime, or of one where only runs without changes are asked for."""
    runtimes = releases.runtimes() if is_cold else (releases.default_runtime(),)
    taken = {
        runtime: labs.measure(directory / runtime, runtime, is_cold=is_cold, is_noop=is_noop) for runtime in runtimes
    }
    if len(taken) > 1:
        heading("all runtimes")
        figure("slowest cold up against the fastest", f"{max(taken.values()) / min(taken.values()):.2f} times")


if __name__ == "__main__":
    main()

"""`python -m tests.unit.fuzz [COUNT]`: throws COUNT inputs at the door, new ones each time, and counts the answers.

Ends with 1 at the first input that must not be answered so, which is shown in its smallest form.
"""

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.unit.fuzz.inputs import Input, inputs
from tests.unit.fuzz.verdict import judge

COUNT = 20_000
BATCH = 1_000


def throw(number: int, count: int) -> Counter[tuple[str, str]]:
    """What became of `count` inputs, by kind and verdict."""
    verdicts: Counter[tuple[str, str]] = Counter()
    with TemporaryDirectory() as folder:
        os.chdir(folder)

        @seed(number)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(inputs())
        def one(thrown: Input) -> None:
            verdicts[thrown.kind, judge(thrown, Path(folder) / "lab")] += 1

        try:
            one()
        finally:
            os.chdir("/")
    return verdicts


def main(arguments: list[str]) -> int:
    """Throws and counts; returns the exit status."""
    count = int(arguments[0]) if arguments else COUNT
    first, start = int(time.time()), time.monotonic()
    verdicts: Counter[tuple[str, str]] = Counter()
    batches = [min(BATCH, count - begun) for begun in range(0, count, BATCH)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for counted in pool.map(throw, range(first, first + len(batches)), batches):
            verdicts += counted
    print(f"{'kind':<28}{'accepted':>10}{'refused':>10}")
    for kind in sorted({kind for kind, _ in verdicts}):
        print(f"{kind:<28}{verdicts[kind, 'accepted']:>10}{verdicts[kind, 'refused']:>10}")
    print(f"{verdicts.total()} inputs in {time.monotonic() - start:.0f} s, first seed {first}: each had its answer")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

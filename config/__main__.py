"""`python -m config FILE...`: what is wrong with stack files and their site files, or with a site file alone.

Without engine or host. Prints a line for each fault and each warning. Ends with 1 if there is a fault, else with 0.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.load import check_site_file, load_file
from config.problems import ConfigError, Problem
from config.reading.regular_files import display


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Checks the files and says what was found; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m config", description="checks stack files and site files")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Pulumi.<stack>.yaml, or a site file")
    parser.add_argument(
        "--stand-in", type=Path, metavar="SITE", help="what counts where a stack names a site file that is not there"
    )
    given = parser.parse_args(arguments)
    found = [_faults(file, environ, given.stand_in) for file in given.files]
    return 1 if any(found) else 0


def _faults(file: Path, environ: Mapping[str, str], stand_in: Path | None) -> bool:
    """Says what is found in one file; whether there is a fault."""
    warnings: tuple[str, ...] = ()
    try:
        if file.name.startswith("Pulumi."):
            warnings = load_file(file, environ, stand_in=stand_in).warnings
        else:
            check_site_file(file, environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return True
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(Problem(display(file), "", "no fault, but see the warnings" if warnings else "no fault"))
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m baking FILE SYSTEM`: what an image of that guest system has inside for a stack file, as JSON.

Without engine, host or password, and whichever images the stack and its site name. Ends with 1 if a file has a fault.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from baking.baked import baked
from config import ConfigError, ImageConfig
from config.load import load_file

_NOT_MADE_YET = "0" * 64


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Prints what is inside, or all faults of the files on stderr; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m baking", description="what an image of a stack has inside")
    parser.add_argument("file", type=Path, metavar="FILE", help="Pulumi.<stack>.yaml")
    parser.add_argument("system", metavar="SYSTEM", help="the word for a guest system, such as debian-13")
    given = parser.parse_args(arguments)
    try:
        lab = load_file(given.file, environ, image=ImageConfig("", _NOT_MADE_YET, given.system))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    if all(node.existing for node in lab.nodes):
        print(f"stack {lab.stack}: found only machines that exist, of which no image is made", file=sys.stderr)
        return 1
    json.dump(asdict(baked(lab)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

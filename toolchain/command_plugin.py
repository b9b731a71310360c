"""Which command plugin the engine will use: chosen once, remembered, chosen anew when the wish changes."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from toolchain.build.golang import GoProgram, go_part
from toolchain.build.part import Part
from toolchain.build.workshop import link
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.progress import Progress

VERSION = "1.2.1"
BINARY = "pulumi-resource-command"
STAND_IN = Path(__file__).with_name("plugins") / "command"
INSTALL_LIMIT_SECONDS = 15.0


def stand_in_part() -> Part:
    """The stand-in for the vendor's plugin."""
    return go_part(BINARY, "command plugin", STAND_IN, (GoProgram(BINARY, "."),))


def chosen_by_user(environ: Mapping[str, str]) -> Path | None:
    """KUBELAB_COMMAND_PLUGIN, a path to a plugin binary; SetupError when it names none."""
    wish = environ.get("KUBELAB_COMMAND_PLUGIN")
    if not wish:
        return None
    path = Path(wish).absolute()
    if not os.access(path, os.X_OK) or not path.is_file():
        raise SetupError(f"KUBELAB_COMMAND_PLUGIN: {path} is no executable file; unset it or name a plugin binary")
    return path


def vendor_installed(layout: Layout, pulumi: Path, progress: Progress) -> bool:
    """Whether the vendor's plugin is there, installing it if the network lets us; the outcome is remembered."""
    memory = layout.state / "command-plugin.json"
    installed = _place(layout)
    if installed.is_file() and not installed.is_symlink():
        return True
    if memory.is_file() and json.loads(memory.read_text()) == _refused(pulumi):
        return False
    shutil.rmtree(installed.parent, ignore_errors=True)
    with progress.step(f"command plugin {VERSION} from its vendor"):
        got = _install(layout, pulumi) and installed.is_file()
    if not got:
        progress.note(f"not available here; the stand-in is used (delete {memory} to try again)")
        memory.write_text(json.dumps(_refused(pulumi)) + "\n")
    return got


def offer(layout: Layout, binary: Path) -> None:
    """Puts another plugin where the engine looks for the vendor's; a link tells the two apart."""
    place = _place(layout)
    if not place.is_symlink() and place.parent.exists():
        shutil.rmtree(place.parent)
    place.parent.mkdir(parents=True, exist_ok=True)
    link(binary, place)


def _place(layout: Layout) -> Path:
    return layout.pulumi_home / "plugins" / f"resource-command-v{VERSION}" / BINARY


def _refused(pulumi: Path) -> dict[str, str]:
    return {"version": VERSION, "vendor": "refused", "engine": pulumi.name}


def _install(layout: Layout, pulumi: Path) -> bool:
    """Installs the plugin; False when the network refuses or gives no answer in time."""
    environ = {**os.environ, "PULUMI_HOME": str(layout.pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    environ.pop("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", None)
    log = layout.logs / "command-plugin.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(pulumi), "plugin", "install", "resource", "command", f"v{VERSION}"]
    with log.open("wb") as sink:
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=environ,
                cwd=layout.state,
                timeout=INSTALL_LIMIT_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0

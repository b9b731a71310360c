"""The plugin under test, the engine it logs to, and servers for it to reach.

KUBELAB_COMMAND_PLUGIN names the plugin's binary, so that the same tests hold the vendor's; otherwise it is the rig's
stand-in. Tests in test_command_stand_in_*.py tell where the stand-in does better, and always run that one.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugin.command.driver import Plugin
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.command.ssh_server import SshServer

PROJECT = Path(__file__).resolve().parents[3]
SOURCE = PROJECT / "toolchain/plugins/command"
BINARY = "pulumi-resource-command"
CHOICE = "KUBELAB_COMMAND_PLUGIN"


@pytest.fixture(scope="session")
def stand_in_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rig's stand-in: as the rig installed it, else built here. With another plugin chosen, the rig offers that."""
    installed = PROJECT / ".rig" / "bin" / BINARY
    if installed.exists() and CHOICE not in os.environ:
        return installed
    go = shutil.which("go")
    assert go, f"no {installed}, and no Go compiler on PATH to build the stand-in: run make setup"
    built = tmp_path_factory.mktemp("plugin") / BINARY
    subprocess.run([go, "build", "-trimpath", "-o", str(built), "."], cwd=SOURCE, check=True)
    return built


@pytest.fixture(scope="session")
def plugin_binary(request: pytest.FixtureRequest) -> Path:
    named = os.environ.get(CHOICE)
    if named is None:
        stand_in: Path = request.getfixturevalue("stand_in_binary")
        return stand_in
    binary = Path(named).resolve()
    assert binary.is_file(), f"{CHOICE}={named}: no such file"
    return binary


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine()
    yield engine
    engine.stop()


@pytest.fixture
def plugin(plugin_binary: Path, engine: FakeEngine, tmp_path: Path) -> Iterator[Plugin]:
    plugin = Plugin(plugin_binary, engine.address, tmp_path)
    yield plugin
    plugin.stop()


@pytest.fixture
def stand_in(stand_in_binary: Path, engine: FakeEngine, tmp_path: Path) -> Iterator[Plugin]:
    plugin = Plugin(stand_in_binary, engine.address, tmp_path)
    yield plugin
    plugin.stop()


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., SshServer]]:
    """Makes ssh servers that are stopped when the test ends; they do not run yet."""
    servers: list[SshServer] = []

    def new(**arguments: str) -> SshServer:
        server = SshServer(tmp_path / f"sshd-{len(servers)}", **arguments)
        servers.append(server)
        return server

    yield new
    for server in servers:
        server.stop()


@pytest.fixture
def server(new_server: Callable[..., SshServer]) -> SshServer:
    """A running ssh server, which takes the variables GREETING and PULUMI_COMMAND_*."""
    server = new_server(options="AcceptEnv GREETING PULUMI_COMMAND_*")
    server.start()
    return server

"""`.rig/env`, as shells source it."""

import subprocess
from pathlib import Path

import pytest

from toolchain.environment import render_env, write_env
from toolchain.layout import layout_of

ABSENT = Path("/nowhere/services.env")


def shell(script: str, **environ: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", script], env={"PATH": "/usr/bin:/bin", **environ}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_sourcing_the_env_file_twice_changes_nothing_more() -> None:
    env = render_env({"KUBELAB_RIG": "/p/.rig"}, ("/p/.rig/bin", "/p/.venv/bin"), ABSENT)
    once = shell(f'{env}\necho "$PATH $KUBELAB_RIG"')
    twice = shell(f'{env}\n{env}\necho "$PATH $KUBELAB_RIG"')
    assert once == twice == "/p/.rig/bin:/p/.venv/bin:/usr/bin:/bin /p/.rig\n"


@pytest.mark.parametrize("directory", ["/with space/.rig", "/it's/.rig", "/$HOME/`id`/.rig", "/st*r/.rig"])
def test_odd_characters_in_a_path_survive_sourcing(directory: str) -> None:
    env = render_env({"KUBELAB_RIG": directory}, (f"{directory}/bin",), Path(directory) / "services.env")
    assert shell(f'{env}\necho "$PATH"\necho "$KUBELAB_RIG"') == f"{directory}/bin:/usr/bin:/bin\n{directory}\n"


def test_the_engine_is_told_of_one_way_to_pack_a_state_in_an_older_shell_too(tmp_path: Path) -> None:
    """The engine refuses to be told of two."""
    layout = layout_of(tmp_path)
    layout.env_file.parent.mkdir(parents=True)
    write_env(layout)
    told = shell(f". {layout.env_file}\nenv | grep PULUMI_DIY_BACKEND_ | sort", PULUMI_DIY_BACKEND_GZIP="true")
    assert told.splitlines() == ["PULUMI_DIY_BACKEND_GZIP=false", "PULUMI_DIY_BACKEND_ZSTD=true"]


def test_what_services_add_is_there_for_as_long_as_they_leave_it(tmp_path: Path) -> None:
    services = tmp_path / "services.env"
    env = render_env({}, (), services)
    services.write_text("export DOCKER_HOST=tcp://127.0.0.1:2375\n")
    assert shell(f'{env}\necho "${{DOCKER_HOST:-none}}"') == "tcp://127.0.0.1:2375\n"
    services.unlink()
    assert shell(f'{env}\necho "${{DOCKER_HOST:-none}}"') == "none\n"

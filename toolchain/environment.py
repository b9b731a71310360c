"""`.rig/env`, which a shell sources to find the tools and the state."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain.layout import Layout


def write_env(layout: Layout) -> None:
    """Writes `.rig/env`, unless it says the same already."""
    text = render_env(_variables(layout), (str(layout.bin), str(layout.project / ".venv" / "bin")), layout.services_env)
    if not layout.env_file.is_file() or layout.env_file.read_text() != text:
        scratch = layout.env_file.with_name(".env.new")
        scratch.write_text(text)
        scratch.replace(layout.env_file)


def render_env(variables: Mapping[str, str], path: Sequence[str], services: Path) -> str:
    """A POSIX shell file to source: exports `variables`, and puts the directories of `path` before the PATH, once.

    `services`: a file of the same kind, sourced while it exists: what services that run here add to it.
    """
    lines = ["# Source this file: . .rig/env    (written by `make setup`)"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    for directory in reversed(path):
        quoted = shlex.quote(directory)
        lines.append(f'case ":$PATH:" in *:{quoted}:*) ;; *) PATH={quoted}:"$PATH" ;; esac')
    lines.append("export PATH")
    quoted = shlex.quote(str(services))
    lines.append(f"[ ! -f {quoted} ] || . {quoted}")
    return "\n".join(lines) + "\n"


def _variables(layout: Layout) -> dict[str, str]:
    return {
        "KUBELAB_RIG": str(layout.state),
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(layout.passphrase_file),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_OPTION_PRESERVE_CONFIG": "true",
        # The file backend writes the whole state at every change; most of it are scripts, each in it many times.
        # Unlike gzip, zstd finds a text again however far away it stands. The engine refuses to be told of both.
        "PULUMI_DIY_BACKEND_ZSTD": "true",
        "PULUMI_DIY_BACKEND_GZIP": "false",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    }

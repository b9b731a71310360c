"""Script: run one shell file on one machine. The only user of pulumi_command."""

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pulumi
from pulumi_command import remote

SCRIPTS = Path(__file__).parent / "scripts"
PRELUDE = "prelude.sh"
LOCK = "/run/kubelab.lock"
# A step of an engine that was killed goes on in the guest; the next run waits for it at most this long.
LOCK_WAIT_SECONDS = 900
# A machine that is power-cycled or boots slowly refuses connections at first: about five minutes of retries.
DIAL_ERROR_LIMIT = 70

_INPUT = re.compile(r'^: "\$\{([A-Z][A-Z0-9_]*)(:?)\?', re.MULTILINE)
_LIBRARY = re.compile(r"^# library: (\S+)$", re.MULTILINE)


class ScriptError(ValueError):
    """A script file and the way it is used do not fit together."""


class Log(StrEnum):
    """Which of a step's streams the user sees; a stream that carries a secret is never shown."""

    ALL = "stdoutAndStderr"
    STDERR = "stderr"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """Where a step runs: a machine reachable by ssh, with the host key it must present.

    ``machine`` is the resource whose replacement or deletion takes the step's effects with it, ``incarnation`` a value
    that changes when that machine is made anew.
    """

    name: str
    address: pulumi.Input[str]
    user: str
    private_key: pulumi.Input[str]
    host_key: pulumi.Input[str]
    machine: pulumi.Resource
    incarnation: pulumi.Input[str]

    def connection(self) -> remote.ConnectionArgs:
        """The connection as the command provider wants it; the host key is always verified."""
        return remote.ConnectionArgs(
            host=self.address,
            user=self.user,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=DIAL_ERROR_LIMIT,
            per_dial_timeout=15,
        )


def declared_inputs(text: str) -> dict[str, bool]:
    """The environment a script declares: name -> whether it may be empty.

    A script declares an input with ``: "${NAME:?why}"`` (not empty) or ``: "${NAME?why}"`` (may be empty).
    """
    return {name: colon == "" for name, colon in _INPUT.findall(text)}


def check_environment(file: str, given: Sequence[str]) -> None:
    """Refuse a missing or an extra variable: raises ScriptError naming the file and both lists."""
    declared = sorted(declared_inputs(read_step(file)))
    if declared != sorted(given):
        raise ScriptError(f"components/scripts/{file}: declares {declared}, was given {sorted(given)}")


def read_script(file: str) -> str:
    """The text of one script file; raises ScriptError when there is none of that name."""
    path = SCRIPTS / file
    if not path.is_file():
        raise ScriptError(f"components/scripts/{file}: no such script")
    return path.read_text()


def read_step(file: str) -> str:
    """One step's whole shell text but for the prelude: the libraries that the script names, then the script.

    A script, or a library itself, names a library, functions that several scripts share, with a line
    ``# library: <file>``.
    """
    text = read_script(file)
    return "".join(map(read_step, _LIBRARY.findall(text))) + text


def render_stdin(file: str, environment: Mapping[str, str]) -> str:
    """What the guest's shell reads: the declared environment, prelude, libraries and the script, all unchanged.

    STEP names the step in the guest's log of steps, ``/var/log/kubelab-steps.log``. Nothing is exported: a program's
    environment may hold no value of more than 128 KiB, and what a user declares may be longer.
    """
    values = {**environment, "STEP": file}
    assigned = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items()))
    return assigned + read_script(PRELUDE) + read_step(file)


def render_command(file: str, timeout_seconds: int, arguments: Sequence[str] = ()) -> str:
    """The remote command: constant but for the step's name and hash, which also show a change of a secret stdin.

    The lock keeps two runs of steps on one machine from overlapping, also when an engine was killed.
    """
    digest = hashlib.sha256((read_script(PRELUDE) + read_step(file)).encode()).hexdigest()[:12]
    words = ["bash", "-s", *(["--", *arguments] if arguments else [])]
    return (
        f"sudo -n flock --timeout {LOCK_WAIT_SECONDS} {LOCK}"
        f" timeout --kill-after=10 {timeout_seconds} {' '.join(words)} # {file} {digest}"
    )


class Script(pulumi.ComponentResource):
    """One step on one machine: a script file with its declared environment, fed on stdin to a root shell.

    create and update run the same text, which does nothing when the machine is already right. ``removal`` names an
    argument with which the same file is run when the resource is deleted; without it deleting does nothing.
    ``run_id`` is another one when the step was done anew (replaced), and the same when it was only updated.
    """

    stdout: pulumi.Output[str]
    run_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        file: str,
        host: Host,
        environment: Mapping[str, pulumi.Input[str]],
        timeout_seconds: int,
        log: Log = Log.ALL,
        argument: str | None = None,
        removal: str | None = None,
        triggers: Sequence[pulumi.Input[str]] = (),
        opts: pulumi.ResourceOptions | None = None,
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> None:
        super().__init__("kubelab:step:Script", name, None, opts)
        check_environment(file, list(environment))
        run = render_command(file, timeout_seconds, [argument] if argument else [])
        delete = render_command(file, timeout_seconds, [removal]) if removal else None
        command = remote.Command(
            name,
            connection=host.connection(),
            create=run,
            update=run,
            delete=delete,
            stdin=pulumi.Output.all(**environment).apply(lambda values: render_stdin(file, values)),
            triggers=[host.incarnation, *triggers],
            logging=remote.Logging(log.value),
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(depends_on),
                deleted_with=host.machine,
                delete_before_replace=True,
                additional_secret_outputs=["stdout"] if log is not Log.ALL else None,
            ),
        )
        self.stdout = command.stdout
        self.run_id = command.id
        self.register_outputs({})

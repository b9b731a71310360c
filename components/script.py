"""Script: one step on one machine, as a resource. The only user of pulumi_command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_command
from pulumi_command import remote

from components.step import Step, check_environment, render_stdin

# A machine that somebody starts anew refuses connections at first: about three minutes of retries. A new one was
# proven to answer before its first step.
DIAL_ERROR_LIMIT = 25
_INPUTS = ("connection", "create", "update", "delete", "stdin", "triggers", "logging", "addPreviousOutputInEnv")


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """Where a step runs: a machine reachable by ssh, with the host key it must present.

    `machine` is the resource whose deletion takes the step's effects with it, `instance_id` changes when
    that is made anew, as cloud-init's does. `on_error` is called when a step fails. On a machine that `rests`, being
    off, nothing can run: what a step of it was last given stays what it is, until the machine is on again.
    """

    name: str
    address: pulumi.Input[str]
    user: str
    private_key: pulumi.Input[str]
    host_key: pulumi.Input[str]
    machine: pulumi.Resource
    instance_id: pulumi.Input[str]
    on_error: pulumi.ErrorHook
    rests: bool = False
    port: int = 22

    def connection(self) -> remote.ConnectionArgs:
        """The connection as the command provider wants it; the host key is always verified."""
        return remote.ConnectionArgs(
            host=self.address,
            port=self.port,
            user=self.user,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=DIAL_ERROR_LIMIT,
            per_dial_timeout=15,
        )


def steps_provider(parent: pulumi.Resource) -> pulumi.ProviderResource:
    """The provider of all steps, named so that its plugin starts with the lab, not when the first address is known."""
    return pulumi_command.Provider("command", opts=pulumi.ResourceOptions(parent=parent))


class Script(remote.Command):
    """One step on one machine: a script file with its declared environment, fed on stdin to a root shell.

    create and update run the same text, which does nothing when the machine is already right. The id is another one
    when the step was done anew (replaced), and the same when it was only updated.
    """

    def __init__(
        self,
        name: str,
        step: Step,
        host: Host,
        environment: Mapping[str, str] | pulumi.Output[Mapping[str, str]],
        *,
        parent: pulumi.Resource,
        provider: pulumi.ProviderResource | None = None,
        triggers: Sequence[pulumi.Input[str]] = (),
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> None:
        super().__init__(
            name,
            connection=host.connection(),
            # One that is new on a machine which is off does nothing yet: its command comes with the machine's power.
            create=None if host.rests else step.command,
            update=None if host.rests else step.command,
            delete=None if host.rests else step.removal_command,
            stdin=_stdin(step, environment),
            triggers=[host.instance_id, *triggers],
            logging=remote.Logging(step.log.value),
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=parent,
                provider=provider,
                depends_on=list(depends_on),
                deleted_with=host.machine,
                delete_before_replace=True,
                hooks=pulumi.ResourceHookBinding(on_error=[host.on_error]),
                additional_secret_outputs=["stdout"] if step.has_secret_result else None,
                ignore_changes=list(_INPUTS) if host.rests else None,
            ),
        )


def _stdin(step: Step, environment: Mapping[str, str] | pulumi.Output[Mapping[str, str]]) -> pulumi.Input[str]:
    def render(values: Mapping[str, str]) -> str:
        check_environment(step.file, list(values))
        return render_stdin(step.file, values)

    return environment.apply(render) if isinstance(environment, pulumi.Output) else render(environment)

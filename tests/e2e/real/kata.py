"""What a machine's preflight says of it, had it Kata among its handlers: nothing is installed."""

import os

import yaml

from components.steps.node import preflight, prepare_os
from config import versions
from config.load import load_file
from doctor.machine import Answer, run
from tests.e2e.machine import Machine


def preflight_of_kata(machine: Machine) -> Answer:
    """By the product's own preflight, as a stack file that has `handlers: [kata]` for that node would run it."""
    project = machine.project
    stack = project.read_stack()
    node = stack["config"]["kubelab:nodes"][machine.name]
    node |= {"handlers": ["kata"], "machine": {**node["machine"], "nestedVirtualization": "require"}}
    declared = project.stack_file.with_name("Pulumi.kata.yaml")
    declared.write_text(yaml.safe_dump(stack))
    lab = load_file(declared, os.environ)
    wanted = next(each for each in lab.nodes if each.name == machine.name)
    connection = machine.connection()
    repositories = prepare_os.repositories(
        wanted, versions.kubernetes(lab.cluster.kubernetes_version).minor, lab.site.mirrors
    )
    environment = preflight.environment(wanted, lab.cluster, lab.site, repositories, connection.host)
    return run(connection, preflight.STEP, environment)

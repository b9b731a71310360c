"""Where resources stand: below which parent, through which provider, marked as whose. For every shipped stack."""

from tests.graph.recording import Graph


def test_parents_are_components_only(graph: Graph) -> None:
    for resource in graph:
        if resource.parent:
            parent = graph.by_urn[resource.parent]
            assert not parent.custom, f"{resource.name} is a child of {parent.name}"


def test_everything_has_its_place_below_the_lab(graph: Graph) -> None:
    (lab,) = graph.of_type("kubelab:lab:Lab")
    for resource in graph:
        above = resource
        while above.parent and above is not lab:
            above = graph.by_urn[above.parent]
        outside = ("pulumi:pulumi:Stack", "pulumi:providers:kubelab")
        assert above is lab or resource.type in outside, resource.name


def test_every_machine_key_and_image_is_made_through_the_labs_own_host(graph: Graph) -> None:
    (vsphere,) = graph.of_type("pulumi:providers:kubelab")
    made = [resource for resource in graph if resource.type.startswith("kubelab:index:")]
    assert made
    for resource in made:
        assert resource.provider.startswith(f"{vsphere.urn}::"), resource.name


def test_every_step_runs_through_the_labs_own_provider_of_steps(graph: Graph) -> None:
    """Another one, such as the engine's default, is another process to be started in each run."""
    (steps,) = graph.of_type("pulumi:providers:command")
    for command in graph.of_type("command:remote:Command"):
        assert command.provider.startswith(f"{steps.urn}::"), command.name


def test_everything_made_on_the_host_is_marked_with_project_and_stack(graph: Graph, stack: str) -> None:
    (vsphere,) = graph.of_type("pulumi:providers:kubelab")
    assert vsphere.plain("owner") == f"kubelab/{stack}"


def test_machines_of_one_image_share_it(graph: Graph) -> None:
    (image,) = graph.of_type("kubelab:index:Image")
    assert {machine.plain("image") for machine in graph.of_type("kubelab:index:VirtualMachine")} == {
        f"[ds] {image.name}/disk.vmdk"
    }

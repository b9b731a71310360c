"""`python -m rig up`: the embedded lab, running; repairs whatever an earlier run left."""

from collections.abc import Sequence
from pathlib import Path

from rig.catalog import Catalog, catalog_for
from rig.host import container_engine, kernel, machine_kind, network
from rig.mirror import versions
from rig.node import container, offering
from rig.services import certificates, dhcp, hosts, mirror, simulator
from rig.services.process import ProcessTable
from rig.site import Mirror, Site, Target, render_services_env, render_site
from toolchain.build.workshop import Built, build, link, link_binaries
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.setup import Tools, setup
from toolchain.system import host, packages
from toolchain.system.secrets import ensure_secret

SOURCE = Path(__file__).parent
PACKAGES = (SOURCE / "host-packages.txt", SOURCE.parent / "images" / "host-packages.txt")
USUAL_START_SECONDS, TRANSLATED_START_SECONDS = 300, 900
CGROUP = Path("/sys/fs/cgroup/cgroup.controllers")


def up(
    layout: Layout,
    stacks: Sequence[str],
    systems: Sequence[str],
    wish: machine_kind.Wish,
    also_real: bool,
    progress: Progress,
) -> None:
    """Tools, parts, container engine, network, mirror and simulated host; then the site file and `.rig/env`.

    `stacks`, `systems`: what to prepare for; `wish`: what machines are; `also_real`: single ones shall be able to be
    real ones in any case.
    """
    tools = setup(layout, progress, (SOURCE,))
    for listing in PACKAGES:
        packages.ensure(listing, host.look(), layout.logs / "packages.log", progress)
    means = machine_kind.means_here(host.look(), layout.state, layout.logs / "packages.log", progress)
    machines = machine_kind.choose(wish, also_real, means)
    progress.note(machines.why)
    catalog = catalog_for(stacks, layout, systems)
    built = _build(layout, catalog, tools, progress)
    table = ProcessTable(layout.processes, layout.logs)
    facts = container.probe_host()
    progress.expect(4)
    with progress.step("container engine and network"):
        kernel.apply(kernel_record(layout))
        docker = container_engine.ensure(layout, table, host.look(), facts.sys_resource)
        layout.services_env.write_text(render_services_env(docker.host))
        network.ensure(docker)
        container_engine.mark_network(layout, docker)
    with progress.step("root file systems of container machines"):
        offering.offer(layout, docker, catalog.images, built)
    _credentials(layout)
    with progress.step("mirror"):
        offered = mirror.ensure(layout, table, built, catalog.releases)
    with progress.step("simulated hosts"):
        if machines.possible:
            dhcp.ensure(layout, table)
        program = built.outputs[simulator.PART] / simulator.PROGRAM
        network_id = network.identity(docker)
        servers = {
            each.name: simulator.ensure(layout, table, program, docker, network_id, machines, each)
            for each in hosts.ALL
        }
    accelerator = machines.accelerator if machines.real else None
    extra_config = container.machine_extra_config(facts, accelerator)
    for name, named in hosts.SITES.items():
        targets = [each.target(servers[each.name]) for each in named]
        site = _site(catalog.systems[0], targets, offered, extra_config, facts.sys_resource, machines)
        write_site(layout.site_file.with_name(name), site)
    progress.note(
        f"up: https://{servers[hosts.ESXI.name]} and {offered.files}; next: . .rig/env && pulumi up -s {stacks[0]}"
    )


def kernel_record(layout: Layout) -> Path:
    """Where the host's former kernel settings are kept."""
    return layout.state / "kernel-before.json"


def _build(layout: Layout, catalog: Catalog, tools: Tools, progress: Progress) -> Built:
    built = build(catalog.parts, layout, tools.go, progress)
    link_binaries([part for part in catalog.parts if part.name == simulator.PART], built, layout.bin)
    link(built.outputs["kubernetes"] / "kubectl", layout.bin / "kubectl")
    return built


def _credentials(layout: Layout) -> None:
    directory = layout.state / "ca"
    certificates.ensure_authority(directory)
    for each in hosts.ALL:
        ensure_secret(each.password_file(layout))
        certificates.ensure_server(directory, each.name, [simulator.LOOPBACK])
    certificates.ensure_server(directory, "mirror", [network.GATEWAY])


def _site(
    image: str,
    targets: Sequence[Target],
    offered: Mirror,
    extra_config: dict[str, str],
    sys_resource: bool,
    machines: machine_kind.Machines,
) -> Site:
    version_2 = CGROUP.is_file()
    translated = machines.real and machines.accelerator is machine_kind.Accelerator.TCG
    return Site(
        targets=targets,
        image=image,
        network=network.SUBNET,
        mirror=offered,
        extra_config=extra_config,
        start_seconds=TRANSLATED_START_SECONDS if translated else USUAL_START_SECONDS,
        # A container has its host's kernel: what that lacks, or hides, is no fault of a node's.
        fail_cgroup_v1=machines.real or version_2,
        conntrack=machines.real or sys_resource,
        ignore_preflight_errors=() if machines.real else ("SystemVerification",),
        runtime_versions={"docker": versions.DOCKER, "criDockerd": versions.CRI_DOCKERD},
    )


def write_site(file: Path, site: Site) -> None:
    """Writes a site file, complete or not at all."""
    scratch = file.with_name(f".{file.name}.new")
    scratch.write_text(render_site(site))
    scratch.replace(file)

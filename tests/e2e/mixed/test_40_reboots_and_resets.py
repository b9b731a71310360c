"""What lasts over a reboot, and what is left after a reset."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.steps.cluster import verification
from components.steps.node import inspection, preflight, prepare_os, reset
from config import LabConfig, NodeConfig, versions
from config.load import load_file
from tests.e2e import host
from tests.e2e.cluster import Cluster, boots, wait_for_answer
from tests.e2e.labs import assert_destroy_leaves_nothing, fresh_inventory, inventory, run_script
from tests.e2e.mixed.nodes import CONTROL_PLANE, NODES, W2, WORKERS, doctor
from tests.e2e.project import wait_for


def machine_addresses() -> dict[str, str]:
    """Node -> the address that its machine's network card has."""
    show = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return {node: host.docker("inspect", "--format", show, host.container_of(node)).strip() for node in NODES}


def test_a_reboot_of_every_node_brings_the_cluster_back_unaided(mixed: Cluster, web: dict[str, str]) -> None:
    before, addresses = boots(*NODES), machine_addresses()
    host.docker("restart", *(host.container_of(node) for node in NODES))
    wait_for(lambda: all(host.answers(node, "systemctl", "is-active", "kubelet") for node in NODES), 120, "kubelets")
    after = boots(*NODES)
    assert all(before[node] != after[node] for node in NODES)
    assert machine_addresses() == addresses
    wait_for_answer(mixed, "get", "--raw", "/readyz", "--request-timeout", "5s")
    for name in web.values():
        wait_for_answer(mixed, "exec", name, "--", "/agnhost", "connect", "kubernetes.default:443", "--timeout", "10s")
    mixed.wait_ready(*NODES)
    for setting in ("/proc/sys/net/bridge/bridge-nf-call-iptables", "/proc/sys/net/ipv4/ip_forward"):
        assert {host.in_machine(node, "cat", setting).strip() for node in NODES} == {"1"}, setting
    doctor(mixed)


HOSTILE = """
ls -d /etc/fstab /etc/sysctl.conf /etc/sysctl.d/99-sysctl.conf 2>/dev/null >/var/tmp/kept
tar -P -cf /var/tmp/kept.tar --files-from /var/tmp/kept
printf 'net.ipv4.ip_forward=0\\nnet.bridge.bridge-nf-call-iptables = 0\\n' >>/etc/sysctl.conf
mkdir -p /etc/sysctl.d
ln -sfn ../sysctl.conf /etc/sysctl.d/99-sysctl.conf
printf '[Swap]\\nWhat=/srv/swap\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/srv-swap.swap
printf '/dev/disk/by-label/more\\tnone\\tswap\\tsw\\t0\\t0\\n' >>/etc/fstab
systemctl daemon-reload
systemctl enable srv-swap.swap
"""
# What comes after our step, and before a boot.
LATER = """
printf '[Swap]\\nWhat=/srv/later\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/srv-later.swap
systemctl enable srv-later.swap
"""
TAKEN_BACK = """
rm -f /etc/fstab /etc/sysctl.conf /etc/sysctl.d/99-sysctl.conf
tar -P -xf /var/tmp/kept.tar
rm -f /var/tmp/kept /var/tmp/kept.tar /etc/systemd/system/{,*.wants/}srv-{swap,later}.swap*
systemctl daemon-reload
"""


@pytest.mark.case("C5", "C6")
def test_a_reboot_with_hostile_settings_and_swap_units_changes_neither(mixed: Cluster) -> None:
    config, node = declared(mixed), declared_node(mixed, W2)
    minor = versions.kubernetes(config.cluster.kubernetes_version).minor
    repositories = prepare_os.repositories(node, minor, config.site.mirrors)
    host.run_text(W2, HOSTILE)
    try:
        run_script(W2, prepare_os.STEP.file, prepare_os.environment(node, config.site, repositories))
        host.run_text(W2, LATER)
        host.docker("restart", host.container_of(W2))
        wait_for(lambda: host.answers(W2, "systemctl", "is-active", "kubelet"), 120, f"the kubelet of {W2}")
        for setting in ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"):
            assert host.in_machine(W2, "cat", f"/proc/sys/{setting}").strip() == "1", setting
        for unit in ("swap.target", "srv-swap.swap"):
            assert host.in_machine(W2, "systemctl", "show", "--property", "LoadState", "--value", unit) == "masked\n"
        later = host.in_machine(W2, "systemctl", "show", "--property", "ActiveState,ConditionResult", "srv-later.swap")
        assert set(later.split()) == {"ActiveState=inactive", "ConditionResult=no"}
        assert not host.in_machine(
            W2, "systemctl", "list-units", "--all", "--plain", "--no-legend", "*more.swap"
        ).strip()
        wait_for_answer(mixed, "get", "--raw", "/readyz", "--request-timeout", "5s")
        mixed.wait_ready(*NODES)
    finally:
        host.run_text(W2, TAKEN_BACK)


def test_the_verification_passes_again_after_all_of_it(mixed: Cluster) -> None:
    config = declared(mixed)
    facts = "".join(run_script(node, inspection.STEP.file, inspection.environment(node)) for node in NODES)
    addresses = {str(node["name"]): str(node["address"]) for node in mixed.nodes_output()}
    environment = verification.environment(config.cluster, config.nodes, addresses, facts)
    run_script(CONTROL_PLANE, verification.STEP.file, environment)


def declared(cluster: Cluster) -> LabConfig:
    """The lab as its stack says it."""
    return load_file(cluster.project.stack_file, cluster.project.environment)


def declared_node(cluster: Cluster, name: str) -> NodeConfig:
    """One of its nodes."""
    return next(node for node in declared(cluster).nodes if node.name == name)


def reset_inputs(cluster: Cluster, node: str, *, clean_install: str) -> dict[str, str]:
    """What the reset of a node is told that is to have another runtime than any."""
    told = reset.environment(declared_node(cluster, node), "lab")
    return {**told, "RUNTIME": "none", "CLEAN_INSTALL": clean_install}


@pytest.fixture(scope="module")
def reset_workers(mixed: Cluster) -> None:
    """Every worker taken out of the cluster and reset, all at once."""
    mixed.kubectl("delete", "node", *WORKERS)

    def reset_one(node: str) -> str:
        return run_script(node, reset.STEP.file, reset_inputs(mixed, node, clean_install="false"))

    with ThreadPoolExecutor() as pool:
        list(pool.map(reset_one, WORKERS))


@pytest.mark.parametrize("node", WORKERS)
@pytest.mark.usefixtures("reset_workers")
def test_a_reset_node_is_what_it_was_before_its_first_step(mixed: Cluster, node: str) -> None:
    fresh, now = fresh_inventory(node), inventory(node)
    assert {"gone": sorted(set(fresh) - set(now)), "left": sorted(set(now) - set(fresh))} == {"gone": [], "left": []}, (
        mixed.project.runtimes[node]
    )
    # A second time there is nothing to do.
    run_script(node, reset.STEP.file, reset_inputs(mixed, node, clean_install="false"))


def test_an_old_installation_is_refused_and_cleaned_only_where_that_is_declared(mixed: Cluster) -> None:
    (address,) = [node["address"] for node in mixed.nodes_output() if node["name"] == CONTROL_PLANE]
    host.in_machine(CONTROL_PLANE, "rm", "-rf", "/etc/kubelab")  # as if somebody else had made the cluster
    lab, node = declared(mixed), declared_node(mixed, CONTROL_PLANE)
    looked = {
        **preflight.environment(node, lab.cluster, lab.site, [], str(address)),
        **dict.fromkeys(("MIN_CPUS", "MIN_MEMORY_MIB", "MIN_DISK_GIB"), "1"),
        "NESTED_VIRTUALIZATION": "off",
        "CLEAN_INSTALL": "false",
        # What the machine that carries the lab lacks.
        "IGNORED": " ".join(lab.site.ignore_preflight_errors),
    }
    with pytest.raises(AssertionError) as refusal:
        run_script(CONTROL_PLANE, preflight.STEP.file, looked)
    found = str(refusal.value)
    assert all(word in found for word in ("containerd.io", "kubelet.service", "/etc/kubernetes", "cni0", "KUBE-"))
    assert "cleanInstall: true" in found
    assert host.answers(CONTROL_PLANE, "systemctl", "is-active", "kubelet")

    run_script(CONTROL_PLANE, reset.STEP.file, reset_inputs(mixed, CONTROL_PLANE, clean_install="true"))
    run_script(CONTROL_PLANE, preflight.STEP.file, looked)


def test_destroy_leaves_nothing(mixed: Cluster, site: Path) -> None:
    assert_destroy_leaves_nothing(mixed.project, site)

import json
from pathlib import Path

from rig.node.container import HostFacts, machine_extra_config, probe_host, run_arguments

ORDINARY = HostFacts(sys_resource=True, modules=True)
RESTRICTED = HostFacts(sys_resource=False, modules=False)


def test_an_ordinary_host_runs_the_node_privileged() -> None:
    arguments = run_arguments(ORDINARY, "node:1")
    assert "--privileged" in arguments
    assert not [argument for argument in arguments if argument.startswith(("--cap", "--security-opt"))]


def test_a_host_without_sys_resource_asks_for_every_other_capability() -> None:
    arguments = run_arguments(RESTRICTED, "node:1")
    assert "--privileged" not in arguments
    assert {"--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--device-cgroup-rule=a *:* rwm"} <= set(arguments)
    relaxed = {argument for argument in arguments if argument.startswith("--security-opt=")}
    assert relaxed == {f"--security-opt={name}=unconfined" for name in ("seccomp", "apparmor", "systempaths")}


def test_every_node_boots_systemd_in_a_cgroup_namespace_of_its_own() -> None:
    for facts in (ORDINARY, RESTRICTED):
        arguments = run_arguments(facts, "node:1")
        assert {"--cgroupns=private", "--tmpfs=/run", "--tmpfs=/tmp:exec", "--volume=/var"} <= set(arguments)
        assert "--stop-signal=SIGRTMIN+3" in arguments


def test_the_image_is_the_last_argument() -> None:
    assert run_arguments(ORDINARY, "node:1")[-1] == "node:1"
    assert run_arguments(RESTRICTED, "node:1")[-1] == "node:1"


def test_kernel_modules_are_mounted_read_only_where_the_host_has_them() -> None:
    mount = "--volume=/lib/modules:/lib/modules:ro"
    assert mount in run_arguments(ORDINARY, "node:1")
    assert mount not in run_arguments(RESTRICTED, "node:1")


def test_the_extra_config_is_a_json_list_of_the_arguments() -> None:
    extra_config = machine_extra_config(RESTRICTED, "node:1")
    assert {key: json.loads(value) for key, value in extra_config.items()} == {
        "RUN.container": run_arguments(RESTRICTED, "node:1")
    }


def test_the_probe_sees_whether_the_host_has_loadable_modules(tmp_path: Path) -> None:
    assert probe_host(tmp_path).modules
    assert not probe_host(tmp_path / "missing").modules


def test_the_probe_leaves_this_process_as_it_is() -> None:
    before = Path("/proc/self/oom_score_adj").read_text()
    probe_host()
    assert Path("/proc/self/oom_score_adj").read_text() == before


def test_a_site_of_real_machines_still_knows_how_to_run_a_container() -> None:
    both = machine_extra_config(ORDINARY, "node:1", "kvm")
    assert json.loads(both["RUN.qemu"]) == {"accelerator": "kvm"}
    assert both["RUN.container"] == machine_extra_config(ORDINARY, "node:1")["RUN.container"]


def test_a_site_of_containers_says_nothing_of_real_machines() -> None:
    assert set(machine_extra_config(ORDINARY, "node:1")) == {"RUN.container"}

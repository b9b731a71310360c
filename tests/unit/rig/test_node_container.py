import json
import os
from pathlib import Path

from rig.node.container import FILES, FILES_IN_MACHINE, HostFacts, machine_extra_config, probe_host, run_arguments

ORDINARY = HostFacts(sys_resource=True, modules=True)
RESTRICTED = HostFacts(sys_resource=False, modules=False)
SIMULATOR = Path(__file__).parents[3] / "rig" / "esxi" / "roots.go"


def test_an_ordinary_host_runs_the_node_privileged() -> None:
    arguments = run_arguments(ORDINARY)
    assert "--privileged" in arguments
    assert not [argument for argument in arguments if argument.startswith(("--cap", "--security-opt"))]


def test_a_host_without_sys_resource_asks_for_every_other_capability() -> None:
    arguments = run_arguments(RESTRICTED)
    assert "--privileged" not in arguments
    assert {"--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--device-cgroup-rule=a *:* rwm"} <= set(arguments)
    relaxed = {argument for argument in arguments if argument.startswith("--security-opt=")}
    assert relaxed == {f"--security-opt={name}=unconfined" for name in ("seccomp", "apparmor", "systempaths")}


def test_every_node_boots_systemd_in_a_cgroup_namespace_of_its_own() -> None:
    for facts in (ORDINARY, RESTRICTED):
        arguments = run_arguments(facts)
        assert {"--cgroupns=private", "--tmpfs=/run", "--tmpfs=/tmp:exec", "--volume=/var"} <= set(arguments)
        assert "--stop-signal=SIGRTMIN+3" in arguments


def test_the_image_is_that_of_the_machines_disk() -> None:
    known = next(line for line in SIMULATOR.read_text().splitlines() if "imageOfDisk = " in line)
    for facts in (ORDINARY, RESTRICTED):
        assert run_arguments(facts)[-1] == json.loads(known.partition("= ")[2])


def test_what_the_lab_adds_to_an_image_is_bound_read_only_below_run() -> None:
    assert Path(FILES_IN_MACHINE).is_relative_to("/run")
    for facts in (ORDINARY, RESTRICTED):
        arguments = run_arguments(facts)
        assert [
            argument for argument in arguments if argument.startswith("--volume=") and "/lib/modules" not in argument
        ] == [
            f"--volume={FILES}:{FILES_IN_MACHINE}:ro",
            "--volume=/var",
        ]
        assert f"--entrypoint={FILES_IN_MACHINE}/entrypoint.sh" in arguments
    assert os.access(FILES / "entrypoint.sh", os.X_OK)


def test_kernel_modules_are_mounted_read_only_where_the_host_has_them() -> None:
    mount = "--volume=/lib/modules:/lib/modules:ro"
    assert mount in run_arguments(ORDINARY)
    assert mount not in run_arguments(RESTRICTED)


def test_the_extra_config_is_a_json_list_of_the_arguments() -> None:
    extra_config = machine_extra_config(RESTRICTED)
    assert {key: json.loads(value) for key, value in extra_config.items()} == {
        "RUN.container": run_arguments(RESTRICTED)
    }


def test_the_probe_sees_whether_the_host_has_loadable_modules(tmp_path: Path) -> None:
    assert probe_host(tmp_path).modules
    assert not probe_host(tmp_path / "missing").modules


def test_the_probe_leaves_this_process_as_it_is() -> None:
    before = Path("/proc/self/oom_score_adj").read_text()
    probe_host()
    assert Path("/proc/self/oom_score_adj").read_text() == before


def test_a_site_of_real_machines_still_knows_how_to_run_a_container() -> None:
    both = machine_extra_config(ORDINARY, "kvm")
    assert json.loads(both["RUN.qemu"]) == {"accelerator": "kvm"}
    assert both["RUN.container"] == machine_extra_config(ORDINARY)["RUN.container"]


def test_a_site_of_containers_says_nothing_of_real_machines() -> None:
    assert set(machine_extra_config(ORDINARY)) == {"RUN.container"}

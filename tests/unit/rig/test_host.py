"""The host: its packages, its kernel settings, its firewall."""

from pathlib import Path

from rig import firewall, kernel, packages
from rig.golang import GoProgram, parse_version, required_version, together

LISTING = Path(packages.__file__).with_name("host-packages.txt")


def test_a_package_is_missing_when_one_of_its_signs_is(tmp_path: Path) -> None:
    for name in ("dockerd", "ssh"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    listing = "# comment\ndocker.io dockerd docker\nopenssh-client ssh # the client\n"
    assert [package.name for package in packages.missing(packages.parse(listing), str(tmp_path))] == ["docker.io"]


def test_a_header_file_shows_a_development_package(tmp_path: Path) -> None:
    (tmp_path / "stdio.h").write_text("")
    listing = f"libc6-dev {tmp_path}/stdio.h\nlibseccomp-dev {tmp_path}/seccomp.h\n"
    assert [package.name for package in packages.missing(packages.parse(listing), "")] == ["libseccomp-dev"]


def test_every_listed_package_has_a_sign_and_none_is_listed_twice() -> None:
    listed = packages.parse(LISTING.read_text())
    assert all(package.signs for package in listed)
    assert len({package.name for package in listed}) == len(listed)


def test_only_settings_that_are_wrong_are_written() -> None:
    wanted = (kernel.Setting("kernel/panic", 10), kernel.Setting("fs/inotify/max_user_instances", 512, at_least=True))
    assert kernel.changes({"kernel/panic": 10, "fs/inotify/max_user_instances": 128}, wanted) == {
        "fs/inotify/max_user_instances": 512
    }
    assert kernel.changes({"kernel/panic": 1, "fs/inotify/max_user_instances": 8192}, wanted) == {"kernel/panic": 10}


def saved(*lines: str, table: str = "filter") -> str:
    return "\n".join((f"*{table}", ":FORWARD ACCEPT [0:0]", *lines, "COMMIT", ""))


def test_only_the_engines_own_rules_and_chains_are_removed_jumps_first() -> None:
    before = saved(":MINE - [0:0]", "-A FORWARD -j MINE")
    after = saved(
        ":MINE - [0:0]",
        ":DOCKER - [0:0]",
        ":DOCKER-USER - [0:0]",
        "-A FORWARD -j DOCKER-USER",
        "-A FORWARD -i kubelab0 -o kubelab0 -j ACCEPT",
        "-A FORWARD -j MINE",
        '-A FORWARD -m comment --comment "added meanwhile" -j ACCEPT',
        "-A DOCKER-USER -j RETURN",
    )
    assert firewall.removals(before, after, "kubelab0") == [
        ["-t", "filter", "-D", "FORWARD", "-j", "DOCKER-USER"],
        ["-t", "filter", "-D", "FORWARD", "-i", "kubelab0", "-o", "kubelab0", "-j", "ACCEPT"],
        ["-t", "filter", "-F", "DOCKER"],
        ["-t", "filter", "-F", "DOCKER-USER"],
        ["-t", "filter", "-X", "DOCKER"],
        ["-t", "filter", "-X", "DOCKER-USER"],
    ]


def test_chains_of_an_engine_that_was_there_before_stay_but_rules_of_our_bridge_go() -> None:
    before = saved(":DOCKER - [0:0]", "-A FORWARD -j DOCKER")
    after = saved(":DOCKER - [0:0]", "-A FORWARD -j DOCKER", "-A DOCKER -i kubelab0 -j RETURN")
    assert firewall.removals(before, after, "kubelab0") == [
        ["-t", "filter", "-D", "DOCKER", "-i", "kubelab0", "-j", "RETURN"]
    ]


def test_tables_that_did_not_exist_before_are_cleaned_too() -> None:
    after = saved(":DOCKER - [0:0]", table="nat")
    assert firewall.removals("", after, "kubelab0") == [["-t", "nat", "-F", "DOCKER"], ["-t", "nat", "-X", "DOCKER"]]


def test_the_highest_go_line_of_all_modules_counts_as_a_number() -> None:
    assert required_version(["module a\n\ngo 1.26.3\n", "module b\ngo 1.9\n", "go 1.26.10\n"]) == (1, 26, 10)
    assert parse_version("go1.26.8\n") < parse_version("go1.26.10")
    assert parse_version("v3.259.0") == (3, 259, 0)


def test_programs_alike_in_flags_are_built_together_unless_their_name_is_their_own() -> None:
    alike = [GoProgram(name, f"k8s.io/kubernetes/cmd/{name}", "-X a=b") for name in ("kubeadm", "kubelet")]
    others = [GoProgram("install-conf", "flannel/cmd/install_conf", "-X a=b"), GoProgram("runc", "x/runc", cgo=True)]
    assert together([*alike, *others]) == [alike, others[:1], others[1:]]

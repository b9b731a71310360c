"""Go: which version is new enough, and what is built by one command."""

from toolchain.build.golang import GoProgram, parse_version, required_version, together


def test_the_highest_go_line_of_all_modules_counts_as_a_number() -> None:
    assert required_version(["module a\n\ngo 1.26.3\n", "module b\ngo 1.9\n", "go 1.26.10\n"]) == (1, 26, 10)
    assert parse_version("go1.26.8\n") < parse_version("go1.26.10")
    assert parse_version("v3.259.0") == (3, 259, 0)


def test_programs_alike_in_flags_are_built_together_unless_their_name_is_their_own() -> None:
    alike = [GoProgram(name, f"k8s.io/kubernetes/cmd/{name}", "-X a=b") for name in ("kubeadm", "kubelet")]
    others = [GoProgram("install-conf", "flannel/cmd/install_conf", "-X a=b"), GoProgram("runc", "x/runc", cgo=True)]
    assert together([*alike, *others]) == [alike, others[:1], others[1:]]

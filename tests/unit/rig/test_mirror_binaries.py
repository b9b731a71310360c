"""The Go builds as data fit the go.mod files beside them."""

import json
import re
from collections import Counter
from dataclasses import asdict

import pytest

from rig.mirror import versions
from rig.mirror.binaries import BUILDS, KUBERNETES, GoBuild

PINS = {
    "kubernetes": ("k8s.io/kubernetes", versions.KUBERNETES),
    "containerd": ("github.com/containerd/containerd/v2", versions.CONTAINERD),
    "runc": ("github.com/opencontainers/runc", versions.RUNC),
    "cri-tools": ("sigs.k8s.io/cri-tools", versions.CRI_TOOLS),
    "cni-plugins": ("github.com/containernetworking/plugins", versions.CNI_PLUGINS),
    "flannel": ("github.com/flannel-io/flannel", versions.FLANNEL),
    "flannel-cni-plugin": ("github.com/containernetworking/plugins", versions.FLANNEL_CNI_PLUGIN_SOURCE),
    "etcd": ("go.etcd.io/etcd/server/v3", versions.ETCD),
    "coredns": ("github.com/coredns/coredns", versions.COREDNS),
    "cri-o": ("github.com/cri-o/cri-o", versions.CRI_O),
    "cri-dockerd": ("github.com/Mirantis/cri-dockerd", versions.CRI_DOCKERD),
    "registry": ("github.com/distribution/distribution/v3", versions.REGISTRY),
}


def go_mod(build: GoBuild) -> str:
    return (build.directory / "go.mod").read_text()


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_each_go_mod_pins_the_version_that_the_mirror_claims(build: GoBuild) -> None:
    if build.name == "pause":
        assert f"pause {versions.PAUSE}" in (build.directory / "main.go").read_text()
        return
    module, version = PINS[build.name]
    assert re.search(rf"^(require)?\s+{re.escape(module)} v{re.escape(version)}\b", go_mod(build), re.MULTILINE)
    assert build.version == version


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_every_program_is_named_by_its_go_mod_or_lies_in_the_module(build: GoBuild) -> None:
    for program in build.programs:
        if program.package == ".":
            assert (build.directory / "main.go").is_file()
        else:
            assert re.search(rf"^(tool)?\s+{re.escape(program.package)}$", go_mod(build), re.MULTILINE), program.package


def test_names_of_builds_and_their_programs_are_unique() -> None:
    names = Counter(build.name for build in BUILDS)
    assert max(names.values()) == 1
    for build in BUILDS:
        assert max(Counter(program.output for program in build.programs).values()) == 1


def test_kubernetes_staging_modules_are_of_the_same_release() -> None:
    minor_and_patch = versions.KUBERNETES.split(".", 1)[1]
    replaced = re.findall(r"^\s+(k8s\.io/\S+) => (\S+) v(\S+)$", go_mod(KUBERNETES), re.MULTILINE)
    assert len(replaced) > 25
    assert {version for _, _, version in replaced} == {f"0.{minor_and_patch}"}
    assert all(old == new for old, new, _ in replaced)


def test_every_kubernetes_program_tells_the_release_it_was_built_from() -> None:
    for program in KUBERNETES.programs:
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            assert f"-X {package}.gitVersion=v{versions.KUBERNETES} " in program.ldflags
            assert f"-X {package}.gitMajor=1 -X {package}.gitMinor=36 " in program.ldflags


def test_programs_built_with_c_are_static_so_that_a_nodes_c_library_does_not_matter() -> None:
    with_c = [program for build in BUILDS for program in build.programs if program.cgo]
    assert {program.output for program in with_c} == {"runc", "flanneld", "crio"}
    assert all("-extldflags -static" in program.ldflags for program in with_c)


def test_builds_can_be_part_of_a_cache_key() -> None:
    assert json.dumps([[asdict(program) for program in build.programs] for build in BUILDS])

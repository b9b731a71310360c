"""The Go builds as data fit the go.mod files beside them."""

import json
import re
from collections import Counter
from dataclasses import asdict

import pytest

from rig.mirror import versions
from rig.mirror.programs import flanneld
from rig.mirror.programs.binaries import BUILDS, KUBERNETES, SHARED, SHARED_TAGS, GoBuild
from toolchain.errors import SetupError

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
    "gvisor": ("gvisor.dev/gvisor", versions.GVISOR),
}


def go_mod(build: GoBuild) -> str:
    return (build.directory / "go.mod").read_text()


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_each_go_mod_pins_the_version_that_the_mirror_claims(build: GoBuild) -> None:
    if build.name == "pause":
        assert f"pause {versions.PAUSE}" in (build.directory / "main.go").read_text()
        return
    module, version = PINS[build.name]
    text = go_mod(build)
    required = re.search(rf"^(?:require)?\s+{re.escape(module)} v(\S+)", text, re.MULTILINE)
    replaced = re.search(rf"^(?:replace)?\s+{re.escape(module)} => {re.escape(module)} v(\S+)", text, re.MULTILINE)
    used = replaced or required
    assert used is not None
    assert used.group(1) == version == build.version


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_every_program_is_named_by_its_go_mod_or_lies_in_the_module(build: GoBuild) -> None:
    for program in build.programs:
        if program.package.startswith("."):
            assert (build.directory / program.package / "main.go").is_file()
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
    assert {program.output for program in with_c} == {"runc", "crio"}
    assert all("-extldflags -static" in program.ldflags for program in with_c)


def test_builds_can_be_part_of_a_cache_key() -> None:
    assert json.dumps([[asdict(program) for program in build.programs] for build in BUILDS])


def test_programs_of_the_shared_module_have_the_same_tags_to_share_what_is_compiled() -> None:
    shared = [build for build in BUILDS if build.directory == SHARED]
    assert len(shared) > 5
    assert {program.tags for build in shared for program in build.programs} == {SHARED_TAGS}
    assert not any(program.cgo for build in shared for program in build.programs)


def test_coredns_has_the_plugins_that_the_corefile_of_kubeadm_names() -> None:
    corefile = "errors health ready kubernetes prometheus forward cache loop reload loadbalance"
    imported = re.findall(r'^\t_ "github.com/coredns/coredns/plugin/(\w+)"$', coredns_main(), re.MULTILINE)
    assert set(imported) == {"metrics" if name == "prometheus" else name for name in corefile.split()}


def coredns_main() -> str:
    return (SHARED / "coredns" / "main.go").read_text()


def test_flanneld_is_upstreams_main_without_the_backends_that_need_c_or_a_cloud() -> None:
    imports = [f'\t_ "github.com/flannel-io/flannel/pkg/backend/{name}"\n' for name in ("tencentvpc", "udp", "vxlan")]
    upstream = f'package main\n\nimport (\n\t"os"\n{"".join(imports)})\n\nfunc main() {{ os.Exit(0) }}\n'
    assert flanneld.without_backends(upstream) == upstream.replace(imports[0], "").replace(imports[1], "")


def test_a_flannel_without_one_of_these_backends_is_refused() -> None:
    with pytest.raises(SetupError, match=r"its main\.go imports no backend tencentvpc; correct flanneld\.py"):
        flanneld.without_backends("package main\n")

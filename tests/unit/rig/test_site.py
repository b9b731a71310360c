"""What the rig tells others: `.rig/env` for shells, `.rig/site.yaml` for the product."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from config import LabConfig
from config.load import load as load_lab
from rig.mirror import cri_dockerd_release
from rig.mirror_service import MIRROR
from rig.site import Site, render_env, render_site

SITE = Site(
    server="127.0.0.1:8989",
    image="image/kubelab-node.ova",
    image_sha256="ab" * 32,
    network="10.87.0.0/24",
    mirror=MIRROR,
    extra_config={"RUN.container": '["--privileged", "kubelab/node:1"]'},
)
NODES = {"cp1": {"role": "controlPlane"}, "w1": {"role": "worker"}}


def shell(script: str, **environ: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", script], env={"PATH": "/usr/bin:/bin", **environ}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def load(tmp_path: Path, site: Site) -> LabConfig:
    rig = tmp_path / ".rig"
    for name, text in {
        "site.yaml": render_site(site),
        "esxi/password": "secret\n",
        "ca/ca.pem": certificate(tmp_path),
        "image/kubelab-node.ova": "ova",
    }.items():
        (rig / name).parent.mkdir(parents=True, exist_ok=True)
        (rig / name).write_text(text)
    (rig / "esxi" / "password").chmod(0o600)
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    cluster = {"kubernetesVersion": "1.36.3", "runtime": "containerd"}
    return load_lab("containerd", cluster, NODES, "../.rig/site.yaml", stacks, {})


def certificate(tmp_path: Path) -> str:
    from rig.certificates import ensure_authority

    ensure_authority(tmp_path / "authority")
    return (tmp_path / "authority" / "ca.pem").read_text()


def test_the_strict_door_accepts_the_rigs_site_file(tmp_path: Path) -> None:
    site = load(tmp_path, SITE).site
    assert (site.vsphere.server, site.vsphere.port) == ("127.0.0.1", 8989)
    assert site.mirrors.files == "https://10.87.0.1:8443/files"
    assert site.mirrors.apt_kubernetes == "https://10.87.0.1:8443/apt/kubernetes"
    assert site.mirrors.apt_crio == "https://10.87.0.1:8443/apt/crio"
    assert {registry.host: registry.mirror for registry in site.registries} == {
        host: f"https://10.87.0.1:5443/v2/{host}" for host in ("docker.io", "ghcr.io", "registry.k8s.io")
    }


def test_what_the_mirror_built_itself_comes_with_its_versions_and_checksums(tmp_path: Path) -> None:
    own = cri_dockerd_release.path("amd64")
    mirror = replace(MIRROR, checksums={own: "cd" * 32})
    site = replace(SITE, mirror=mirror, runtime_versions={"docker": "20.10.24", "criDockerd": "0.4.4"})
    lab = load(tmp_path, site)
    assert lab.site.mirrors.checksums == {own: "cd" * 32}
    assert (lab.cluster.runtime_versions["docker"], lab.cluster.runtime_versions["criDockerd"]) == ("20.10.24", "0.4.4")


def test_a_restricted_hosts_workarounds_are_ordinary_product_options() -> None:
    restricted = replace(SITE, fail_cgroup_v1=False, conntrack=False)
    document = yaml.safe_load(render_site(restricted))
    assert document["kubelet"] == {"failCgroupV1": False}
    assert document["kubeProxy"] == {"conntrack": {"maxPerCore": 0, "min": 0}}


def test_an_ordinary_host_gets_no_workaround() -> None:
    document = yaml.safe_load(render_site(SITE))
    assert (document["kubelet"], document["kubeProxy"]) == ({}, {})


def test_the_site_file_holds_no_secret_and_no_absolute_path() -> None:
    text = render_site(SITE)
    assert "passwordFile" in text
    assert "password:" not in text
    assert ": /" not in text


def test_sourcing_the_env_file_twice_changes_nothing_more() -> None:
    env = render_env({"KUBELAB_RIG": "/p/.rig"}, ("/p/.rig/bin", "/p/.venv/bin"))
    once = shell(f'{env}\necho "$PATH $KUBELAB_RIG"')
    twice = shell(f'{env}\n{env}\necho "$PATH $KUBELAB_RIG"')
    assert once == twice == "/p/.rig/bin:/p/.venv/bin:/usr/bin:/bin /p/.rig\n"


@pytest.mark.parametrize("directory", ["/with space/.rig", "/it's/.rig", "/$HOME/`id`/.rig", "/st*r/.rig"])
def test_odd_characters_in_a_path_survive_sourcing(directory: str) -> None:
    env = render_env({"KUBELAB_RIG": directory}, (f"{directory}/bin",))
    assert shell(f'{env}\necho "$PATH"\necho "$KUBELAB_RIG"') == f"{directory}/bin:/usr/bin:/bin\n{directory}\n"

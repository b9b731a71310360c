"""One mapping for every container runtime: what a site says is found again in each one's files, as it reads them."""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from pydantic import SecretStr

from components import registries
from components.guest_file import render_files
from components.runtimes import RUNTIMES
from components.steps.node import kubelet
from components.steps.node.images import sources
from config.versions import TRIED, kubernetes
from tests.unit.components.labs import (
    AUTHORITY,
    GHCR,
    GUARDED_MIRROR,
    HUB,
    KUBERNETES_IMAGES,
    OTHER_AUTHORITY,
    PRIVATE,
    REGISTRIES,
)
from tests.unit.components.runtimes.renderings import MEBIBYTE, RENDERINGS, Source, files_of, inputs_of, settings

EACH_RUNTIME = pytest.mark.parametrize("runtime", sorted(RUNTIMES))
SOURCES: Mapping[str, Source] = {
    "docker.io": Source("hub.test:5000", "", AUTHORITY, None),
    "ghcr.io": Source("mirror.test", "ghcr.io", AUTHORITY, None),
    "quay.io": Source("quay.test:5001", "quay.io", None, "reader:the-password-of-the-mirror"),
    "registry.k8s.io": Source("mirror.test", "registry.k8s.io", AUTHORITY, None),
    "registry.lab:5000": Source("registry.lab:5000", "", OTHER_AUTHORITY, "puller:the-password-of-the-registry"),
}
PASSWORDS = [each.password.get_secret_value() for each in REGISTRIES if each.password]
SECRETS = [*PASSWORDS, *(text for each in REGISTRIES if (text := registries.basic_authorization(each)))]
# What packages, kubeadm and the kubelet write for themselves: a change there vanishes at the next installation.
OF_OTHERS = (
    "/etc/default/kubelet",
    "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/instance-config.yaml",
    "/etc/crio/crio.conf",
    "/etc/crio/crio.conf.d/10-crio.conf",
    "/etc/containers/registries.conf",
    "/etc/containers/registries.conf.d/crio.conf",
    "/usr/lib/systemd/system/docker.service",
    "/etc/default/docker",
)


def test_every_runtime_is_read_here() -> None:
    assert set(RENDERINGS) == set(RUNTIMES)


@EACH_RUNTIME
def test_the_sandbox_image_is_the_one_that_kubeadm_names(runtime: str) -> None:
    assert RENDERINGS[runtime]().sandbox_image() == kubernetes(TRIED).pause_image


@EACH_RUNTIME
def test_the_cgroup_driver_is_systemds_and_is_written_out(runtime: str) -> None:
    assert RENDERINGS[runtime]().cgroup_driver() == "systemd"


@EACH_RUNTIME
@pytest.mark.parametrize("registry", SOURCES)
def test_images_are_asked_of_the_declared_server_with_its_authority_and_its_login(runtime: str, registry: str) -> None:
    assert RENDERINGS[runtime](*REGISTRIES).source(registry) == SOURCES[registry]


@EACH_RUNTIME
@pytest.mark.parametrize("registry", [GHCR, GUARDED_MIRROR, KUBERNETES_IMAGES, PRIVATE], ids=lambda each: each.host)
def test_a_registry_is_asked_the_same_when_it_is_the_only_one(runtime: str, registry: object) -> None:
    (only,) = [each for each in REGISTRIES if each is registry]
    assert RENDERINGS[runtime](only).source(only.host) == SOURCES[only.host]


@pytest.mark.parametrize("runtime", ["crio", "docker"])
def test_a_login_of_docker_hub_is_found_by_the_name_that_the_runtime_looks_for(runtime: str) -> None:
    hub = replace(HUB, mirror="", ca_pem="", user="reader", password=PRIVATE.password)
    assert RENDERINGS[runtime](hub).source("docker.io") == Source(
        "registry-1.docker.io", "", None, "reader:the-password-of-the-registry"
    )


@EACH_RUNTIME
def test_a_password_stands_in_files_of_root_alone(runtime: str) -> None:
    files = files_of(runtime, *REGISTRIES)
    with_secret = {path for path, file in files.items() if any(secret in file.text for secret in SECRETS)}
    assert with_secret == {path for path, file in files.items() if file.mode == "0600"}
    assert with_secret
    assert settings(*REGISTRIES).has_credentials
    assert not settings(HUB, GHCR).has_credentials


@EACH_RUNTIME
def test_no_secret_is_among_the_plain_inputs_of_the_installation(runtime: str) -> None:
    plain = "\n".join([*inputs_of(runtime).values(), sources(runtime, REGISTRIES)])
    assert not [secret for secret in SECRETS if secret in plain]


@EACH_RUNTIME
def test_a_password_with_a_colon_and_letters_beyond_ascii_arrives_whole(runtime: str) -> None:
    password = SecretStr("p:ä\"ß'\\")
    source = RENDERINGS[runtime](replace(PRIVATE, password=password)).source(PRIVATE.host)
    assert source.login == "puller:p:ä\"ß'\\"


@EACH_RUNTIME
def test_without_registries_nothing_is_said_of_any(runtime: str) -> None:
    said = "\n".join(f"{file.path}\n{file.text}" for file in files_of(runtime).values())
    assert not re.search(r"hosts\.toml|registries\.conf|/certs\.d/|auths|registry-mirrors|auth_file", said)


@EACH_RUNTIME
def test_a_certificate_is_always_verified(runtime: str) -> None:
    said = "\n".join(file.text for file in files_of(runtime, *REGISTRIES).values())
    assert not re.search(r"skip_verify|insecure|http://", said)


@EACH_RUNTIME
def test_an_authoritys_file_ends_in_a_newline_as_it_may_not_where_it_was_written(runtime: str) -> None:
    source = RENDERINGS[runtime](replace(PRIVATE, ca_pem=OTHER_AUTHORITY.rstrip("\n"))).source(PRIVATE.host)
    assert source.authority == OTHER_AUTHORITY


@EACH_RUNTIME
def test_crictl_names_the_one_socket_as_else_it_would_answer_about_the_wrong_runtime(runtime: str) -> None:
    lines = files_of(runtime)["/etc/crictl.yaml"].text.splitlines()
    named = dict(line.split(": ", 1) for line in lines)
    assert named["runtime-endpoint"] == named["image-endpoint"] == RUNTIMES[runtime].cri_socket


@EACH_RUNTIME
def test_no_setting_stands_in_a_file_of_a_package(runtime: str) -> None:
    assert not set(files_of(runtime, *REGISTRIES)) & set(OF_OTHERS)


@EACH_RUNTIME
def test_no_drop_in_of_the_kubelet_fights_with_its_environment_file(runtime: str) -> None:
    drop_ins = {path: file.text for path, file in files_of(runtime, *REGISTRIES).items() if "kubelet" in path}
    assert set(drop_ins) <= {"/etc/systemd/system/kubelet.service.d/20-kubelab.conf"}
    assert not re.search(r"ExecStart|EnvironmentFile|KUBELET_|--container-runtime", "\n".join(drop_ins.values()))


@EACH_RUNTIME
def test_no_file_has_a_setting_of_the_kubelet_or_the_runtime_that_was_removed(runtime: str) -> None:
    removed = (
        r"--container-runtime=remote|dockershim|disabled_plugins|io\.containerd\.grpc\.v1\.cri|runtime\.v1\.linux"
        r"|untrusted_workload_runtime|insecure_registries|registry\.mirrors|conmon_cgroup"
    )
    assert not re.search(removed, "\n".join(file.text for file in files_of(runtime, *REGISTRIES).values()))


@EACH_RUNTIME
def test_all_files_can_be_carried_to_the_guest(runtime: str) -> None:
    files = RUNTIMES[runtime].files(settings(*REGISTRIES))
    assert len(re.findall(r"^=== \d+ \d+ /", render_files(files), re.MULTILINE)) == len(files)


@EACH_RUNTIME
def test_the_files_do_not_change_from_one_run_to_the_next(runtime: str) -> None:
    assert files_of(runtime, *REGISTRIES) == files_of(runtime, *REGISTRIES)


@EACH_RUNTIME
def test_a_containers_log_cannot_fill_the_disk_whoever_writes_it(runtime: str) -> None:
    """containerd and CRI-O write a log that the kubelet rotates by its own limits; Docker rotates its own."""
    limits = kubelet.log_limits({"containerLogMaxSize": "20Mi", "containerLogMaxFiles": 3})
    told = settings(log_max_bytes=limits[0], log_max_files=limits[1])
    text = "\n".join(file.text for file in RUNTIMES[runtime].files(told))
    written = re.findall(r'"max-size": "(\d+)",\s*"max-file": "(\d+)"', text)
    assert written == ([(str(20 * MEBIBYTE), "3")] if runtime == "docker" else [])
    assert not re.search(r"log_size_max|max_container_log_line_size", text)


def test_the_secrets_that_are_looked_for_are_those_that_are_written() -> None:
    assert base64.b64encode(b"puller:the-password-of-the-registry").decode() in SECRETS
    assert len(SECRETS) == 4

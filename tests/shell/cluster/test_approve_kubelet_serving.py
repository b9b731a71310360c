"""70-settle-nodes.sh and what it installs: the certificates that kubelets ask the cluster for to serve with."""

import base64
import ipaddress
from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from components.steps.cluster import kubelet_serving, settle_nodes
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.steps import ADDRESSES, SETTLE
from tests.shell.world import CLUSTER
from tests.unit.components import labs

USAGES = "digital signature,server auth,"
ASKING = replace(labs.WORKERS[0], kubelet={"serverTLSBootstrap": True})
UNITS = "/etc/systemd/system/kubelab-approve-serving"


def request(
    node: str = "w1",
    names: Sequence[str] = ("w1",),
    addresses: Sequence[str] = ("10.87.0.11",),
    organizations: Sequence[str] = ("system:nodes",),
) -> str:
    """What a kubelet asks for, as a CertificateSigningRequest holds it."""
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{node}"))
    alternatives: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return base64.b64encode(signed.public_bytes(Encoding.PEM)).decode()


def line(text: str, name: str = "csr-1", group: str = "system:nodes", user: str = "system:node:w1") -> str:
    """An open request as the program reads it."""
    return f'{name} {text} {group} "{user}" {USAGES}'


def settle(guest: Guest, *, asking: bool = True) -> Result:
    """Run the step; one worker's kubelet asks for its certificate."""
    nodes = (labs.CONTROL_PLANE, ASKING if asking else labs.WORKERS[0], labs.WORKERS[1])
    return guest.run(SETTLE.file, settle_nodes.environment(CLUSTER, nodes, ADDRESSES))


@pytest.fixture
def cluster(guest: Guest) -> Guest:
    """A cluster in which nothing is asked for yet."""
    SETTLE.prepare(guest)
    return guest


@pytest.mark.case("D16")
def test_a_declared_nodes_kubelet_has_its_certificate_when_the_step_ends(cluster: Guest) -> None:
    cluster.state("requests", line(request()))
    result = settle(cluster)
    assert (result.status, result.stdout) == (0, ""), result.stderr
    assert cluster.known("approved") == " csr-1"


@pytest.mark.case("D16")
def test_a_timer_goes_on_approving_when_certificates_are_renewed(cluster: Guest) -> None:
    settle(cluster)
    assert cluster.known("units/kubelab-approve-serving.timer/enabled") == "enabled"
    assert cluster.mode(kubelet_serving.PROGRAM) == 0o755
    assert f"ExecStart={kubelet_serving.PROGRAM}\n" in cluster.read(f"{UNITS}.service")
    assert "OnCalendar=" in cluster.read(f"{UNITS}.timer")
    cluster.state("requests", line(request(), name="csr-renewed"))
    assert cluster.shell([kubelet_serving.PROGRAM], "").status == 0
    assert cluster.known("approved") == " csr-renewed"


def test_a_second_run_starts_no_timer_again(cluster: Guest) -> None:
    settle(cluster)
    assert settle(cluster).status == 0
    assert cluster.calls("systemctl") == []


def test_without_kubelets_that_ask_there_is_nothing_that_approves(cluster: Guest) -> None:
    settle(cluster, asking=False)
    assert not cluster.exists(kubelet_serving.PROGRAM)
    settle(cluster)
    assert settle(cluster, asking=False).status == 0
    for file in (kubelet_serving.PROGRAM, f"{UNITS}.service", f"{UNITS}.timer", "/etc/kubelab/kubelet-serving-nodes"):
        assert not cluster.exists(file), file
    assert cluster.known("units/kubelab-approve-serving.timer/enabled") is None
    settle(cluster)
    assert cluster.known("units/kubelab-approve-serving.timer/enabled") == "enabled"


@pytest.mark.case("D16")
@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (line(request(names=("w1", "kubernetes.default"))), "found the names DNS:w1, DNS:kubernetes.default"),
        (line(request(addresses=("10.87.0.11", "10.87.0.10"))), "IP Address:10.87.0.10"),
        (line(request(addresses=("10.87.0.12",))), "found the names DNS:w1, IP Address:10.87.0.12, wanted"),
        (line(request(names=(), addresses=())), "found the names none"),
        (line(request(node="w2")), "found subject=CN=system:node:w2,O=system:nodes"),
        (line(request(organizations=("system:nodes", "system:masters"))), "O=system:masters"),
        (line("bm90IGEgcmVxdWVzdA=="), "it cannot be read"),
        (line(request()).replace("server auth", "client auth"), "found the usages"),
        (line(request(), group="-"), "it comes from no declared node"),
        (line(request(), user="system:node:w2"), "it comes from no declared node"),
        (line(request(), user="admin"), "it comes from no declared node"),
    ],
)
def test_what_is_not_a_declared_nodes_own_is_left_with_its_reason(cluster: Guest, asked: str, reason: str) -> None:
    settle(cluster)
    cluster.state("requests", asked)
    result = cluster.shell([kubelet_serving.PROGRAM], "")
    assert result.status == 0
    assert cluster.known("approved") is None
    assert result.stdout.startswith("left csr-1, ")
    assert reason in result.stdout


def test_a_kubelet_that_gets_no_certificate_is_one_error_with_the_reason(cluster: Guest) -> None:
    cluster.state("requests", line(request(names=("other",))))
    result = settle(cluster)
    assert_one_error(result, "waiting 180 s for the kubelet of w1", "left csr-1", "found the names DNS:other")


def test_a_node_that_is_off_keeps_no_other_from_being_settled(cluster: Guest) -> None:
    cluster.answer("kubectl", '[[ $* != *healthz* ]] || { echo "dial tcp: no route to host" >&2; exit 1; }')
    assert settle(cluster).status == 0

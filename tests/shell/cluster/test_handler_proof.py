"""The proof of handlers, in the verification and for `make doctor`: what must be seen, and what each lack is called."""

import pytest
import yaml

from components.steps import handlers
from components.steps.cluster import verification
from tests.shell.guest.machine import Guest, Result
from tests.shell.steps import VERIFY
from tests.unit.components.handlers.declared import handler, node

# w1 has gvisor and crun, w2 gvisor alone, cp1 none.
NODES = (
    node("containerd", handler("crun"), handler("gvisor"), name="w1"),
    node("crio", handler("gvisor"), name="w2"),
)
GIVEN = {**VERIFY.environment, "HANDLER_PROOFS": handlers.proofs(NODES)}
GVISOR = "4.19.0-gvisor"
EVENT = 'rpc error: no runtime for "kubelab-verification-unknown" is configured'
ANSWERS = r"""
case " $* " in
  *'.status.runtimeHandlers'*) recall "announced/$3" && exit ;;
  *'.status.nodeInfo.kernelVersion'*) printf 6.1.0-20-amd64 && exit ;;
  *' apply --filename - '*)
    text=$(cat)
    [[ $text != *RuntimeClass* ]] || printf '%s\n' "$text" >/tmp/applied
    exit
    ;;
  *' get pod stray-'*) recall stray || printf Unschedulable; exit ;;
  *' get pod unknown-'*) recall unknown || printf Pending; exit ;;
  *' get pod proof-'*) recall "phase/$5" || printf Running; exit ;;
  *' get pod witness-'*) printf Running && exit ;;
  *' get events '*unknown-*) recall event || true; exit ;;
  *' logs proof-'*)
    printf 'content of file "/proc/version": Linux version %s #1 SMP\n' "$(recall "inside/$4")"
    exit
    ;;
  *' exec proof-'*) recall dmesg; exit ;;
  *' exec witness-'*) recall "seen/${*: -4:1}"; exit ;;
esac
"""


def prove(guest: Guest) -> Result:
    """Run the proof of handlers alone."""
    return guest.run(VERIFY.file, GIVEN, verification.PROVE_HANDLERS)


@pytest.fixture(autouse=True)
def cluster(guest: Guest) -> None:
    VERIFY.prepare(guest)
    guest.answer("kubectl", ANSWERS)
    guest.state("announced/w1", " runc crun gvisor")
    guest.state("announced/w2", "gvisor runc")
    guest.state("event", EVENT)
    for pod, word, release, process in (
        ("proof-1", "crun", "6.1.0-20-amd64", "/usr/bin/containerd-shim-runc-v2"),
        ("proof-2", "gvisor", GVISOR, "runsc-sandbox"),
        ("proof-3", "gvisor", GVISOR, "/opt/gvisor/gvisor-bin/gvisor_sentry"),
    ):
        guest.state(f"inside/{pod}", release)
        guest.state(f"seen/{pod}", f"handler {word}\nprocess /opt/gvisor/containerd-shim-runsc-v1\nprocess {process}")


def test_every_handler_of_every_node_has_a_row(guest: Guest) -> None:
    result = prove(guest)
    assert (result.status, result.errors) == (0, []), result.stderr
    assert [line.split("\t") for line in result.stdout.splitlines()] == [
        ["w1", "crun", "6.1.0-20-amd64", "6.1.0-20-amd64", result.stdout.splitlines()[0].split("\t")[4]],
        ["w1", "gvisor", "6.1.0-20-amd64", GVISOR, "runsc-sandbox"],
        ["w2", "gvisor", "6.1.0-20-amd64", GVISOR, "/opt/gvisor/gvisor-bin/gvisor_sentry"],
    ]
    assert "NODE  HANDLER  KERNEL OF THE NODE  KERNEL INSIDE" in result.stderr


def test_verification_proves_them_too_and_shows_the_table(guest: Guest) -> None:
    result = guest.run(VERIFY.file, GIVEN)
    assert (result.status, result.stdout, result.errors) == (0, "", []), result.stderr
    assert "pods of these RuntimeClasses run by their handlers:" in result.stderr


def test_pods_are_placed_where_they_prove_something(guest: Guest) -> None:
    assert prove(guest).status == 0
    documents = list(yaml.safe_load_all(guest.read("/tmp/applied")))
    assert [each["kind"] for each in documents[:1]] == ["RuntimeClass"]
    pods = {each["metadata"]["name"]: each["spec"] for each in documents if each["kind"] == "Pod"}

    def where(name: str) -> str:
        terms = pods[name]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        return str(terms["nodeSelectorTerms"][0]["matchExpressions"][0]["values"][0])

    placed = {name: (spec.get("runtimeClassName"), where(name)) for name, spec in pods.items()}
    assert placed == {
        "proof-1": ("crun", "w1"),
        "proof-2": ("gvisor", "w1"),
        "proof-3": ("gvisor", "w2"),
        "witness-1": (None, "w1"),
        "witness-2": (None, "w2"),
        "unknown-1": ("kubelab-verification-unknown", "w1"),
        "unknown-2": ("kubelab-verification-unknown", "w2"),
        "stray-1": ("crun", "cp1"),
        "stray-2": ("gvisor", "cp1"),
    }
    assert pods["proof-2"]["containers"][0]["resources"]["limits"]["memory"]
    assert pods["witness-1"]["hostPID"] is True


def test_what_the_proof_made_is_cleaned_away(guest: Guest) -> None:
    assert prove(guest).status == 0
    assert guest.calls("delete pod --selector app=handler-proof")
    assert guest.calls("delete runtimeclass kubelab-verification-unknown")
    assert guest.calls("delete namespace")


LACKS: list[tuple[str, str, tuple[str, ...]]] = [
    ("announced/w2", "runc", ("gvisor on w2", "does not announce it", "found runc")),
    ("phase/proof-2", "Pending", ("gvisor on w1", "does not run there", "Pending")),
    ("inside/proof-2", "6.1.0-20-amd64", ("gvisor on w1", "is in no sandbox")),
    ("inside/proof-2", "6.6.1", ("gvisor on w1", "something else runs the pod")),
    ("inside/proof-1", GVISOR, ("crun on w1", "wanted the node's, 6.1.0-20-amd64")),
    ("seen/proof-3", "handler runc\nprocess runsc-sandbox", ("gvisor on w2", "is run by 'runc'")),
    ("seen/proof-3", "handler gvisor\nprocess /bin/shim", ("gvisor on w2", "found no process", "/bin/shim")),
    ("dmesg", "[    0.000000] Linux version 6.1.0", ("messages of the kernel inside",)),
    ("event", "pulling the image failed", ("unknown handler", "pulling the image failed")),
    ("unknown", "Running", ("unknown handler", "a pod that is Running")),
    ("stray", "cp1", ("no pod of gvisor comes to cp1", "found cp1")),
]


@pytest.mark.parametrize(("fact", "value", "words"), LACKS)
def test_what_is_not_as_it_should_be_is_named_and_nothing_stands_in(
    guest: Guest, fact: str, value: str, words: tuple[str, ...]
) -> None:
    guest.state(fact, value)
    result = prove(guest)
    assert result.status == 1
    assert len(result.errors) == 1
    assert all(word in result.stderr for word in words), result.stderr


def test_all_lacks_are_named_at_once(guest: Guest) -> None:
    guest.state("announced/w2", "runc")
    guest.state("inside/proof-2", "6.1.0-20-amd64")
    result = prove(guest)
    assert "does not announce it" in result.stderr
    assert "is in no sandbox" in result.stderr
    assert "2 of their proofs failed" in result.errors[0]


def test_a_lab_without_handlers_asks_for_nothing_of_them(guest: Guest) -> None:
    result = guest.run(VERIFY.file, VERIFY.environment, verification.PROVE_HANDLERS)
    assert (result.status, result.stdout) == (0, "")
    assert not guest.calls("apply")

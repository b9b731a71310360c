"""What happens to a lab that lives for long: joins that come late, an API that is away, certificates."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from tests.e2e import host
from tests.e2e.cluster import Cluster
from tests.e2e.mixed.nodes import CONTROL_PLANE, NODES, W1, W2, WORKERS, Change, applied, doctor

JOIN = "components/scripts/60-join-worker.sh"
TWO_YEARS = 17520


def edit(cluster: Cluster, line: str) -> str:
    """Put a line at the beginning of the join's work; the answer is the text before."""
    script: Path = cluster.project.directory / JOIN
    before = script.read_text()
    script.write_text(before.replace("\nmain() {\n", f"\nmain() {{\n  {line}\n", 1))
    return before


class TestLateJoin:
    """A worker whose join failed once it was admitted."""

    @pytest.fixture(scope="class")
    @classmethod
    def change(cls, mixed: Cluster) -> Change:
        """The join of a worker that was cleaned for another runtime fails; the next run finishes it."""
        mixed.project.set_node(W2, {"runtime": "crio", "onRuntimeChange": "resetNode"})
        before = edit(mixed, f"[[ $NODE_NAME != {W2} ]] || fail 'stopped by the test'")
        try:
            stopped = mixed.project.run("pulumi", "up", "--yes", "--skip-preview", "--stack", mixed.project.stack)
        finally:
            (mixed.project.directory / JOIN).write_text(before)
        assert "stopped by the test" in stopped.output
        assert stopped.code != 0
        return applied(mixed)

    @pytest.mark.case("C3")
    def test_the_next_run_joins_it_by_what_the_first_was_given(self, mixed: Cluster, change: Change) -> None:
        assert f"Command {W2}-join" in change.changed
        assert f"Command {W2}-membership" not in change.changed
        mixed.wait_ready(*NODES)

    @pytest.mark.case("C3")
    @pytest.mark.usefixtures("change")
    def test_what_a_worker_joins_by_is_valid_for_years_and_no_token_is_made(self) -> None:
        read = "kubeadm token list --kubeconfig /etc/kubernetes/admin.conf"
        assert host.in_machine(CONTROL_PLANE, "bash", "-c", read).strip() == ""

    @pytest.mark.usefixtures("change")
    def test_a_preview_after_it_shows_no_change_and_the_doctor_nothing(self, mixed: Cluster) -> None:
        mixed.project.preview_nothing()
        doctor(mixed)


@pytest.fixture
def without_api(mixed: Cluster) -> Iterator[None]:
    """A worker that does not reach the API server for half a minute, while every worker's join runs again."""
    rule = "OUTPUT -p tcp --dport 6443 -j REJECT --reject-with tcp-reset"
    before = edit(mixed, "say 'a line of the test'")
    host.in_machine(W1, "bash", "-c", f"iptables -I {rule}; systemd-run --quiet --on-active=30 iptables -D {rule}")
    yield
    # What runs next, runs it again as it was.
    (mixed.project.directory / JOIN).write_text(before)


@pytest.mark.case("C4")
@pytest.mark.usefixtures("without_api")
def test_a_member_survives_an_api_that_is_away_while_its_join_runs_again(mixed: Cluster) -> None:
    change = applied(mixed)
    assert {f"Command {worker}-join" for worker in WORKERS} <= set(change.changed)
    for kind in ("identities", "kubelets", "boots"):
        assert change.after[kind] == change.before[kind], kind
    mixed.wait_ready(*NODES)


class TestCertificates:
    """Another time for which certificates are valid."""

    @pytest.fixture(scope="class")
    @classmethod
    def change(cls, mixed: Cluster) -> Change:
        mixed.project.set_cluster({"certificateValidityPeriod": f"{TWO_YEARS}h", "name": "long-life"})
        change = applied(mixed)
        mixed.forget_kubeconfig()
        return change

    @pytest.mark.case("C17")
    def test_they_are_renewed_without_touching_a_node(self, mixed: Cluster, change: Change) -> None:
        assert f"Command {CONTROL_PLANE}-certificates" in change.changed
        for kind in ("identities", "kubelets", "boots", "containers"):
            assert change.after[kind] == change.before[kind], kind
        mixed.wait_ready(*NODES)

    @pytest.mark.case("C17")
    @pytest.mark.usefixtures("change")
    def test_the_api_server_presents_one_that_is_valid_as_long_as_declared(self, mixed: Cluster) -> None:
        address, _, port = str(mixed.project.outputs()["apiEndpoint"]).rpartition(":")
        served = x509.load_pem_x509_certificate(ssl.get_server_certificate((address, int(port)), timeout=30).encode())
        left = served.not_valid_after_utc - datetime.now(UTC)
        assert timedelta(hours=TWO_YEARS - 2) < left <= timedelta(hours=TWO_YEARS)

    @pytest.mark.case("C18")
    @pytest.mark.usefixtures("change")
    def test_the_kubeconfig_carries_the_clusters_name_in_all_that_a_merge_compares(self, mixed: Cluster) -> None:
        kubeconfig = yaml.safe_load(str(mixed.project.outputs(show_secrets=True)["kubeconfig"]))
        assert kubeconfig["current-context"] == "long-life-admin@long-life"
        names = {kind: [each["name"] for each in kubeconfig[kind]] for kind in ("clusters", "users", "contexts")}
        assert names == {
            "clusters": ["long-life"],
            "users": ["long-life-admin"],
            "contexts": ["long-life-admin@long-life"],
        }

    @pytest.mark.usefixtures("change")
    def test_a_preview_after_it_shows_no_change_and_the_doctor_nothing(self, mixed: Cluster) -> None:
        mixed.project.preview_nothing()
        doctor(mixed)

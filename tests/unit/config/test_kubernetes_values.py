"""Single values as Kubernetes reads them: sizes, spans of time, whole numbers, and their one spelling."""

import pytest
from pydantic import JsonValue

from config.kubernetes.facts import facts
from config.kubernetes.leaves import leaves
from config.kubernetes.quantities import duration_text, in_bytes, nanoseconds, number, quantity_text
from config.kubernetes.structures import KUBELET, misfits
from config.kubernetes.values import unlike, unlike_argument
from config.versions import TRIED, kubernetes

KNOWN = facts(kubernetes(TRIED).minor)
ENDLESS = ("1e9999999", "1e999999", "1e4300", "1e99", "9" * 5000, f"0.{'0' * 5000}1", "1e-9999999")


@pytest.mark.case("D5", "D11")
@pytest.mark.parametrize(
    "size", [*ENDLESS, "10 Mi", "1_000", "\uff11\uff10Mi", "", "Mi", "+", "10MiB", "0", "-1", "nan", "inf"]
)
def test_what_is_no_size_is_refused_at_once(size: str) -> None:
    with pytest.raises(ValueError, match=r"size"):
        in_bytes(size)


@pytest.mark.case("D5")
@pytest.mark.parametrize("span", ["9" * 5000 + "h", "99999999999999h", "1h" * 5000, "1 h", "10", "1d", "\uff11m", ""])
def test_what_is_no_span_of_time_is_refused_at_once(span: str) -> None:
    with pytest.raises(ValueError, match=r"span"):
        nanoseconds(span)


@pytest.mark.parametrize(("written", "bytes_"), [("10Mi", 10485760), ("1.5k", 1500), ("1e3", 1000), ("2E3", 2000)])
def test_a_size_counts_bytes(written: str, bytes_: int) -> None:
    assert in_bytes(written) == bytes_


def test_a_quantity_may_be_a_part_of_one() -> None:
    assert number("500m") * 2 == 1


@pytest.mark.case("D14")
@pytest.mark.parametrize(
    ("written", "shown"),
    [("60s", "1m0s"), ("90m", "1h30m0s"), ("1500ms", "1.5s"), ("0", "0s"), ("0.5h", "30m0s"), ("-5m", "-5m0s")],
)
def test_a_span_of_time_has_the_spelling_of_go(written: str, shown: str) -> None:
    assert duration_text(written) == shown


@pytest.mark.case("D14")
@pytest.mark.parametrize(
    ("written", "shown"),
    [("1024Mi", "1Gi"), ("1000M", "1G"), ("0.5", "500m"), ("1.5Gi", "1536Mi"), ("12e6", "12e6"), ("0", "0")],
)
def test_a_quantity_has_the_spelling_of_kubernetes(written: str, shown: str) -> None:
    assert quantity_text(written) == shown


@pytest.mark.case("D5")
@pytest.mark.parametrize("kind", ["int32", "float64", "string", "quantity", "duration", "bool", "size", "time"])
@pytest.mark.parametrize("endless", [float("inf"), float("nan"), 1e300])
def test_a_number_without_end_is_of_no_type_but_a_large_one_may_be(kind: str, endless: float) -> None:
    fault = unlike(kind, endless, "field")
    assert (fault is None) is (kind == "float64" and endless == 1e300)
    assert fault is None or fault.startswith("found the number ")


@pytest.mark.case("D13")
@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("bool", "true", True),
        ("bool", "n", False),
        ("bool", "yes", False),
        ("int", "0o17", True),
        ("int", "1e9", False),
        ("int32", "٣", False),
        ("float32", "50.5", True),
        ("duration", "1h30m", True),
        ("duration", "1 hour", False),
        ("string", "n", True),
        ("string", "1e9", True),
        ("stringSlice", "a,b", True),
        ("string", "a\nb", False),
        ("string", "\x1b[2J", False),
    ],
)
def test_an_argument_takes_what_gos_flags_read(kind: str, value: str, fits: bool) -> None:
    assert (unlike_argument(kind, value) is None) is fits


@pytest.mark.case("D14")
def test_each_setting_is_told_as_the_kubelet_shows_it() -> None:
    settings: dict[str, JsonValue] = {
        "maxPods": 60,
        "syncFrequency": "60s",
        "evictionSoftGracePeriod": {"memory.available": "90s"},
        "reservedMemory": [{"numaNode": 0, "limits": {"memory": "1024Mi"}}],
        "featureGates": {"EventedPLEG": False},
        "memoryThrottlingFactor": 0.9,
        "allowedUnsafeSysctls": [],
    }
    assert list(misfits(KNOWN, KUBELET, settings)) == []
    assert dict(leaves(KNOWN, KUBELET, settings)) == {
        "maxPods": "60",
        "syncFrequency": "1m0s",
        "evictionSoftGracePeriod/memory.available": "90s",
        "reservedMemory/0/numaNode": "0",
        "reservedMemory/0/limits/memory": "1Gi",
        "featureGates/EventedPLEG": "false",
        "memoryThrottlingFactor": "0.9",
    }


@pytest.mark.case("D14")
@pytest.mark.parametrize("key", ["", "a\nb", "x" * 5000, "]", "a/b", " maxPods"])
def test_a_name_of_any_form_is_one_line(key: str) -> None:
    (misfit,) = misfits(KNOWN, KUBELET, {key: 1})
    assert "\n" not in f"{misfit.path}{misfit.text}"
    assert len(misfit.path) < 200

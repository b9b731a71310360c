"""Certificates by the calendar: when a renewal is due, and what a user is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from components.steps.cluster import certificates
from tests.unit.components.labs import CLUSTER

BORN = "2026-11-27T18:12:54Z"
MOMENT = datetime(2026, 11, 27, 18, 12, 54, tzinfo=UTC)
YEAR = replace(CLUSTER, certificate_hours=8760)
MONTH = replace(CLUSTER, certificate_hours=720)


@pytest.mark.case("C17")
@pytest.mark.parametrize(("days", "due"), [(0, 0), (274, 0), (275, 1), (400, 1), (549, 1), (550, 2)])
def test_a_renewal_is_due_90_days_before_certificates_end(days: int, due: int) -> None:
    assert certificates.renewal(YEAR, BORN, MOMENT + timedelta(days=days)) == due


@pytest.mark.case("C17")
def test_certificates_of_a_short_life_are_renewed_a_third_of_it_before() -> None:
    assert certificates.lead_hours(MONTH) == 240
    assert certificates.renewal(MONTH, BORN, MOMENT + timedelta(hours=479)) == 0
    assert certificates.renewal(MONTH, BORN, MOMENT + timedelta(hours=480)) == 1


@pytest.mark.case("C17")
@pytest.mark.parametrize("hours", [720, 8760, 26280, 87600])
def test_no_certificate_that_was_made_on_a_due_day_ends_before_the_next(hours: int) -> None:
    cluster = replace(CLUSTER, certificate_hours=hours)
    made = MOMENT
    for due in range(1, 5):
        moment = made
        while certificates.renewal(cluster, BORN, moment) < due:
            moment += timedelta(hours=24)
        assert moment < made + timedelta(hours=hours)
        made = moment


def test_a_machine_whose_clock_is_ahead_is_no_reason_for_a_renewal() -> None:
    assert certificates.renewal(YEAR, BORN, MOMENT - timedelta(days=1)) == 0


@pytest.mark.parametrize("text", ["", "apiVersion: v1\nkind: Config\n"])
def test_what_an_earlier_program_left_has_no_date_and_is_not_due(text: str) -> None:
    assert certificates.renewal(YEAR, text, MOMENT + timedelta(days=4000)) == 0
    assert certificates.end(text) is None
    assert certificates.warning(YEAR, None, MOMENT) is None


@pytest.mark.parametrize(("days", "warned"), [(91, False), (89, True), (-1, True)])
def test_an_end_is_warned_of_from_the_day_on_which_it_is_renewed(days: int, warned: bool) -> None:
    assert bool(certificates.warning(YEAR, MOMENT + timedelta(days=days), MOMENT)) is warned

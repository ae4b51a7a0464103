"""The section on handing over: words, table and curve, and no section where no system has a confidence."""

from __future__ import annotations

from xml.etree import ElementTree

from sample_odd_verdicts import hostile
from sample_verdicts import ship

from tunewright.records.verdict import Handover, HandoverPoint, Verdict
from tunewright.reporting.handover import at_share, handover_view
from tunewright.reporting.html import render_report


def point(handed: float, kept: int, score: float) -> HandoverPoint:
    return HandoverPoint(handed=handed, kept=kept, score=score, interval=(score - 0.05, min(score + 0.05, 1.0)))


CURVE = [point(0.0, 600, 0.80), point(0.1, 540, 0.84), point(0.2, 480, 0.90), point(0.55, 270, 0.97)]


def view_of(*, person: bool = False, at_target: HandoverPoint | None = None) -> Handover:
    if person:
        own = point(0.25, 450, 0.96)
        return Handover(person=True, kept=own, certified=0.938, area=None, curve=[own], at_target=None)
    return Handover(person=False, kept=CURVE[0], certified=None, area=0.123, curve=CURVE, at_target=at_target)


def with_views(verdict: Verdict, *views: Handover) -> Verdict:
    """The verdict whose last systems have these views."""
    first = len(verdict.systems) - len(views)
    systems = [
        system
        if place < first
        else system.model_copy(update={"handover": views[place - first], "available": True, "n": 600})
        for place, system in enumerate(verdict.systems)
    ]
    return verdict.model_copy(update={"systems": systems})


def test_a_point_is_the_first_that_hands_over_as_much() -> None:
    assert at_share(view_of(), 0.2) == CURVE[2]
    assert at_share(view_of(), 0.3) == CURVE[3]
    assert at_share(view_of(), 0.6) is None


def test_the_table_says_where_a_system_cannot_hand_over_just_that_many() -> None:
    view = handover_view(with_views(ship(), view_of()))
    assert view is not None
    ((name, cells),) = view.points.rows
    assert name == ship().systems[-1].name
    assert cells == ["80.0 %", "84.0 % (at 10 %)", "84.0 %", "90.0 %", "-", "97.0 % (at 55 %)", "0.123"]
    assert view.own == []


def test_a_system_with_a_person_at_its_end_is_shown_with_what_is_promised() -> None:
    view = handover_view(with_views(ship(), view_of(), view_of(person=True)))
    assert view is not None
    (own,) = view.own
    assert (own.handed, own.kept, own.right, own.certified) == ("25.0 %", "450", "96.0 %", "93.8 %")
    assert ElementTree.fromstring(view.figure).tag == "svg"


def test_a_system_that_hands_everything_over_is_shown_and_said_with_and_without_other_curves() -> None:
    everything = Handover(person=True, kept=None, certified=None, area=None, curve=[], at_target=None)
    for verdict in (with_views(ship(), everything), with_views(ship(), view_of(), everything)):
        view = handover_view(verdict)
        assert view is not None
        (own,) = view.own
        assert (own.handed, own.kept, own.right) == ("100 %", "0", "no answer kept")
        assert any(f"{own.system} hands every case to a person" in line for line in view.lines)
        assert "hands every case to a person" in render_report(verdict)


def test_the_report_has_the_section_and_says_what_is_not_counted() -> None:
    page = render_report(with_views(ship(), view_of(at_target=CURVE[2]), view_of(person=True)))
    assert 'id="handover"' in page
    assert "own errors are not counted" in page
    assert "a cut-off fixed before these cases" in page
    assert 'id="handover"' not in render_report(ship())


def test_equal_verdicts_draw_equal_curves_and_odd_names_stay_text() -> None:
    verdict = with_views(hostile(), view_of(), view_of())
    first, second = handover_view(verdict), handover_view(verdict)
    assert first is not None
    assert first == second
    page = render_report(verdict)
    assert "<script" not in page
    assert "@0@" not in page

"""The ledgers of reviews: append-only, undone by an entry, timed; approvals bound to rows."""

from __future__ import annotations

import pytest
from store_helpers import example

from tunewright.errors import WorkError
from tunewright.store import NewDecision, Store

A, B = example("a", row_id="A"), example("b", row_id="B", line=3)


def _new(store: Store, row: object = A, action: str = "keep", **facts: object) -> NewDecision:
    (name,) = store.versions.names([row])  # type: ignore[list-item]
    return NewDecision(row, name, "x.y", action, **facts)  # type: ignore[arg-type]


def test_a_decision_says_who_when_why_and_what(store: Store) -> None:
    new = _new(store, A, "relabel", changes=(("target", "b"),), note="a slip", seconds=4.0, extra=(("case", "edge"),))
    (number,) = store.decisions.add("ann", [new])
    (decision,) = store.decisions.standing()
    assert (decision.number, decision.who, decision.action, decision.note) == (number, "ann", "relabel", "a slip")
    assert (decision.changes, decision.extra, decision.seconds) == ((("target", "b"),), (("case", "edge"),), 4.0)
    assert decision.happened.startswith("20")
    assert not decision.erased


def test_undoing_leaves_a_trace(store: Store) -> None:
    store.decisions.add("ann", [_new(store), _new(store, B)])
    first, second = store.decisions.standing()
    store.decisions.undo(first, "bob")
    assert store.decisions.standing() == [second]
    with store._database.read() as connection:
        rows = connection.exec_driver_sql("SELECT action, who, undoes FROM decisions ORDER BY number").fetchall()
    assert [tuple(row) for row in rows] == [("keep", "ann", None), ("keep", "ann", None), ("undo", "bob", 1)]


@pytest.mark.parametrize(
    "statement", ["UPDATE decisions SET who = 'x'", "DELETE FROM decisions", "DELETE FROM approvals"]
)
def test_ledgers_only_grow(store: Store, statement: str) -> None:
    store.decisions.add("ann", [_new(store)])
    store.approvals.approve("x.y", "h", store.versions.names([A]), "ann", "public data")
    with pytest.raises(WorkError) as caught, store._database.write() as connection:
        connection.exec_driver_sql(statement)
    assert caught.value.code == "store.append_only"


def test_the_cost_of_a_decision_is_the_median_of_those_timed(store: Store) -> None:
    assert store.decisions.cost().median_s is None
    seconds = [2.0, 900.0, 4.0, None, 3.0]
    store.decisions.add("ann", [_new(store, seconds=s) for s in seconds] + [_new(store, action="skip", seconds=0.1)])
    assert (store.decisions.cost().median_s, store.decisions.cost().n) == (3.5, 4)
    assert store.decisions.cost("other").n == 0


def test_several_decisions_are_all_kept_or_none(store: Store, project: object) -> None:
    store.purge(B, store.folder.parent / "runs")
    with pytest.raises(WorkError):
        store.decisions.add("ann", [_new(store, A), _new(store, B)])
    assert store.decisions.standing() == []


def test_another_look_at_a_row_replaces_what_was_seen_there_by_the_same_check(store: Store) -> None:
    names = store.versions.names([A, B])
    seen = {"pii.email": names, "secrets.key": names[:1]}
    store.approvals.remember_audit("h1", names, seen, lambda _kind: True, {})
    assert store.approvals.seen() == {"pii.email": set(names), "secrets.key": {names[0]}}
    # Only this check ran again, and only over the first row.
    store.approvals.remember_audit("h2", names[:1], {}, lambda kind: kind.startswith("pii"), {"checks": ["pii"]})
    assert store.approvals.seen() == {"pii.email": {names[1]}, "secrets.key": {names[0]}}
    assert [(a.number, a.rows_hash, a.n_rows) for a in store.approvals.audits()] == [(1, "h1", 2), (2, "h2", 1)]


def test_an_approval_names_rows_by_content(store: Store) -> None:
    names = store.versions.names([A, A, B])
    store.approvals.approve("pii.email", "h", names[:2], "ann", "it is our own address")
    (approval,) = store.approvals.approvals("pii.email")
    assert approval.rows == {names[0]}
    assert (approval.who, approval.reason, approval.rows_hash) == ("ann", "it is our own address", "h")
    assert store.approvals.approvals("other") == []

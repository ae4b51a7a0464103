"""Score rows are append-only evidence."""

from __future__ import annotations

import itertools
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_helpers import key, score

from tunewright.errors import WorkError
from tunewright.records.answers import ScoreRow, Status
from tunewright.store import RecordedUse, Store

_NUMBERS = itertools.count()
_STATUSES = st.sampled_from(list(Status))
_TEXTS = st.none() | st.text(st.characters(), max_size=20)
_SCORES = st.none() | st.floats(0, 1)


def test_rows_come_back_in_order_and_by_part(store: Store) -> None:
    rows = [score(key(n)) for n in (3, 1, 2)]
    store.append_scores(rows)
    store.append_scores([score(key(1), part="validation"), score(key(1), fit_key="other")])
    assert store.scores("fit", "test") == rows
    assert store.scores("fit", "fold-1") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(status=_STATUSES, value=_SCORES, answer=_TEXTS, confidence=_SCORES, detail=st.text(max_size=9))
def test_every_field_survives(
    store: Store,
    status: Status,
    value: float | None,
    answer: str | None,
    confidence: float | None,
    detail: str,
) -> None:
    fit_key = str(next(_NUMBERS))
    row = ScoreRow(fit_key, key(1), "test", status, value, answer, confidence, detail, repetition=2)
    store.append_scores([row])
    assert store.scores(fit_key, "test") == [row]


def test_the_same_row_again_is_passed_over(store: Store) -> None:
    first = score(key(1), confidence=0.9, detail="first")
    store.append_scores([first, first])
    store.append_scores([score(key(1), confidence=0.8, detail="second"), score(key(2))])
    assert store.scores("fit", "test") == [first, score(key(2))]


@pytest.mark.parametrize(
    "changes",
    [{"score": 0.0}, {"answer": "sales"}, {"answer": None}, {"status": Status.MODEL_FAIL}],
)
def test_a_differing_row_is_refused_with_its_whole_batch(store: Store, changes: dict[str, object]) -> None:
    store.append_scores([score(key(1))])
    with pytest.raises(WorkError) as caught:
        store.append_scores([score(key(2)), score(key(1), **changes)])
    assert caught.value.code == "store.score_changed"
    assert store.scores("fit", "test") == [score(key(1))]


def test_two_differing_rows_in_one_batch_are_refused(store: Store) -> None:
    with pytest.raises(WorkError):
        store.append_scores([score(key(1)), score(key(1), score=0.5)])
    assert store.scores("fit", "test") == []


def test_a_repetition_is_a_row_of_its_own(store: Store) -> None:
    rows = [score(key(1), repetition=0), score(key(1), repetition=1, score=0.0)]
    store.append_scores(rows)
    assert store.scores("fit", "test") == rows


@pytest.mark.parametrize("failure", [Status.INFRA_FAIL, Status.JUDGE_FAIL])
def test_a_missing_score_may_be_tried_again(store: Store, failure: Status) -> None:
    missing = score(key(1), status=failure, score=None, answer=None)
    store.append_scores([missing, score(key(2))])
    store.append_scores([missing])
    store.append_scores([score(key(1))])
    store.append_scores([missing])  # a later failure takes nothing away
    assert store.scores("fit", "test") == [score(key(1)), score(key(2))]
    with pytest.raises(WorkError):
        store.append_scores([score(key(1), score=0.0)])


def test_more_rows_than_one_query_may_name(store: Store) -> None:
    rows = [score(key(n)) for n in range(1200)]
    store.append_scores(rows[:700])
    store.append_scores(rows)
    assert store.scores("fit", "test") == rows


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE score_rows SET score = 0", "score_rows is append-only"),
        ("UPDATE test_uses SET run = 'x'", "test_uses is append-only"),
        ("DELETE FROM test_uses", "test_uses is append-only"),
        ("UPDATE erasures SET event = 'x'", "erasures is append-only"),
        ("DELETE FROM erasures", "erasures is append-only"),
    ],
)
def test_the_file_itself_refuses_changes(store: Store, statement: str, message: str) -> None:
    store.append_scores([score(key(1))])
    store.record_use(RecordedUse("t", "p", "m", "run-1", "2026-01-01T00:00:00Z"))
    store.purge(key(9), store.folder.parent / "runs")
    other = sqlite3.connect(store.folder / "state.db")
    with pytest.raises(sqlite3.IntegrityError, match=message):
        other.execute(statement)
    other.close()

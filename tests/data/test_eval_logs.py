"""Logs of other programs as scored cases: what is read, what stays missing, what is refused and how."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from log_files import (
    inspect_log,
    inspect_sample,
    lm_eval_samples,
    openai_events,
    openai_items,
    promptfoo_output,
    promptfoo_result,
    repack_with_zstandard,
)
from tunewright.data.eval_logs import EvalLog, LogProbe, ScoreColumns, common_metric, log_format, one_system
from tunewright.errors import InputError
from tunewright.records.answers import Status


def _read(path: Path, columns: ScoreColumns | None = None) -> list[EvalLog]:
    probe = LogProbe(path, columns or ScoreColumns())
    found = log_format(probe)
    assert found is not None
    logs = found.read(probe)
    assert all(log.format == found.NAME for log in logs)
    return logs


def _refused(path: Path, columns: ScoreColumns | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        _read(path, columns)
    return caught.value


@pytest.mark.parametrize("name", ["log.eval", "log.json"])
def test_inspect(tmp_path: Path, name: str) -> None:
    samples = [inspect_sample(0, "C"), inspect_sample(1, "I"), inspect_sample(2, "P"), inspect_sample(3, 0.25)]
    (log,) = _read(inspect_log(tmp_path / name, samples))
    assert (log.format, log.system, log.task, log.metrics(), log.notes) == (
        "Inspect",
        "openai/small",
        "qa",
        ("match",),
        (),
    )
    assert [case.score("match") for case in log.cases] == [(Status.OK, v) for v in (1.0, 0.0, 0.5, 0.25)]
    first = log.cases[0]
    assert (first.id, first.text, first.target, first.answer) == ("q0", "Question number 0", "answer 0", "answer 0")
    assert first.tags == {"lang": "en"}
    assert first.amounts == {"seconds": 1.0, "input tokens": 100.0, "output tokens": 10.0}


def test_inspect_errors_are_missing_and_its_own_limits_are_wrong(tmp_path: Path) -> None:
    samples = [
        inspect_sample(0, "C", error={"message": "boom", "traceback": ""}),
        inspect_sample(1, "C", scores=None, limit={"type": "token", "limit": 10}),
        inspect_sample(2, "C", scores=None, limit={"type": "operator", "limit": 1}),
        inspect_sample(3, float("nan")),
        inspect_sample(4, "C", limit={"type": "time", "limit": 9}),
        inspect_sample(5, "C", scores=None),
    ]
    (log,) = _read(inspect_log(tmp_path / "log.json", samples, status="error"))
    assert [case.score("match") for case in log.cases] == [
        (Status.INFRA_FAIL, None),
        (Status.MODEL_FAIL, 0.0),
        (Status.INFRA_FAIL, None),
        (Status.JUDGE_FAIL, None),
        (Status.OK, 1.0),
        (Status.JUDGE_FAIL, None),
    ]
    assert "boom" in log.cases[0].detail
    assert "'error'" in log.notes[0]


def test_inspect_epochs_and_scorers_of_several_values(tmp_path: Path) -> None:
    several = {"grade": {"value": {"fluency": 0.5, "truth": "C"}}, "flag": {"value": True}, "word": {"value": "red"}}
    samples = [inspect_sample(0, "C", epoch, scores=several) for epoch in (1, 2)]
    (log,) = _read(inspect_log(tmp_path / "log.eval", samples))
    assert log.metrics() == ("grade/fluency", "grade/truth", "flag")
    assert [(case.id, case.repetition) for case in log.cases] == [("q0", 0), ("q0", 1)]
    assert log.cases[0].scores["word"] is None


def test_an_archive_without_summaries_is_read_from_its_samples(tmp_path: Path) -> None:
    import zipfile

    whole = inspect_log(tmp_path / "whole.eval", [inspect_sample(n, "C") for n in range(3)])
    cut = tmp_path / "cut.eval"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(cut, "w") as target:
        for name in source.namelist():
            if name not in ("summaries.json", "header.json"):
                target.writestr(name, source.read(name))
    (log,) = _read(cut)
    assert sorted(case.id for case in log.cases) == ["q0", "q1", "q2"]


def test_archives_packed_with_zstandard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by hand as Inspect's packer does: the same archive, its members packed another way."""
    whole = inspect_log(tmp_path / "whole.eval", [inspect_sample(n, "CI"[n % 2]) for n in range(4)])
    packed = repack_with_zstandard(whole, tmp_path / "packed.eval")
    (log,), (plain,) = _read(packed), _read(whole)
    assert log.cases == plain.cases
    monkeypatch.setitem(sys.modules, "zstandard", None)
    error = _refused(packed)
    assert error.code == "logs.archive"
    assert "zstandard" in (error.hint or "")


@pytest.mark.parametrize("name", ["out.json", "out.jsonl"])
def test_promptfoo(tmp_path: Path, name: str) -> None:
    results = [promptfoo_result(n, r, "openai:a") for n, r in enumerate([1, 0, None])]
    (log,) = _read(promptfoo_output(tmp_path / name, results))
    assert (log.format, log.system, log.metrics()) == ("promptfoo", "openai:a", ("pass", "score"))
    assert [case.score("pass") for case in log.cases] == [
        (Status.OK, 1.0),
        (Status.OK, 0.0),
        (Status.INFRA_FAIL, None),
    ]
    first, _, failed = log.cases
    assert first.amounts == {"seconds": 0.4, "usd": 0.001, "input tokens": 50.0, "output tokens": 5.0}
    assert (first.target, first.tags["tier"], first.text.splitlines()[0]) == ("answer 0", "gold", "Question number 0")
    assert failed.amounts == {}
    assert "429" in failed.detail


def test_promptfoo_cases_are_known_by_content_and_again_is_a_repetition(tmp_path: Path) -> None:
    moved = promptfoo_result(4, 1, "b") | {"testIdx": 0}
    (one,) = _read(promptfoo_output(tmp_path / "a.json", [promptfoo_result(4, 1, "a")] * 2))
    (other,) = _read(promptfoo_output(tmp_path / "b.json", [moved]))
    assert one.cases[0].id == other.cases[0].id
    assert [case.repetition for case in one.cases] == [0, 1]


def test_promptfoo_holds_a_system_per_provider_and_prompt(tmp_path: Path) -> None:
    results = [promptfoo_result(n, 1, p, q) for n in range(2) for p, q in (("a", 0), ("a", 1), ("b", 0))]
    logs = _read(promptfoo_output(tmp_path / "out.json", results))
    assert [log.system for log in logs] == ["a prompt 1", "a prompt 2", "b"]
    assert one_system(logs, "b", "--old-system").system == "b"
    for wanted, code in ((None, "logs.several_systems"), ("a promt 2", "logs.no_system")):
        with pytest.raises(InputError) as caught:
            one_system(logs, wanted, "--old-system")
        assert caught.value.code == code
        assert "a prompt 2" in f"{caught.value.where}{caught.value.hint}"


def test_promptfoo_cached_latency_is_no_latency(tmp_path: Path) -> None:
    result = promptfoo_result(0, 1, "a")
    result["response"]["cached"] = True
    (log,) = _read(promptfoo_output(tmp_path / "out.json", [result]))
    assert "seconds" not in log.cases[0].amounts


def test_lm_eval(tmp_path: Path) -> None:
    path = tmp_path / "org__model" / "samples_gsm8k_2026-01-02T03-04-05.678.jsonl"
    (log,) = _read(lm_eval_samples(path, [1.0, 0.0]))
    assert (log.format, log.system, log.task, log.metrics()) == ("lm-eval", "org__model", "gsm8k", ("exact_match",))
    first = log.cases[0]
    assert first.id.startswith("0:")
    # The worked examples of the prompt are alike in all cases and no part of the text.
    assert first.text == "Question number 0\nb"
    assert (first.answer, first.target, first.tags["subject"]) == ("answer 0", "answer 0", "b")


def test_lm_eval_filters_are_metrics_of_one_case(tmp_path: Path) -> None:
    path = lm_eval_samples(tmp_path / "s.jsonl", [1.0, 0.0], ("strict-match", "flexible-extract"))
    (log,) = _read(path)
    assert len(log.cases) == 2
    assert log.metrics() == ("exact_match,strict-match", "exact_match,flexible-extract")


def test_lm_eval_likelihoods_and_metrics_without_a_list(tmp_path: Path) -> None:
    line = {
        "doc_id": 3,
        "doc": "text",
        "target": 1,
        "resps": [[["-4.0", "False"]]],
        "filtered_resps": [["-4.0", "False"], ["-1.5", "True"]],
        "acc": 1.0,
        "acc_norm": 0.0,
        "bleu": ["a", "b"],
    }
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(line) + "\n")
    (log,) = _read(path)
    assert log.metrics() == ("acc", "acc_norm")
    assert (log.cases[0].id, log.cases[0].answer) == ("3", "choice 2")
    path.write_text(2 * (json.dumps(line) + "\n"))
    assert _refused(path).code == "logs.same_case"


def test_lm_eval_averages_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"results": {"gsm8k": {"acc,none": 0.5}}, "n-shot": {}, "versions": {}}))
    error = _refused(path)
    assert error.code == "logs.only_averages"
    assert "--log_samples" in (error.hint or "")


def test_openai_evals(tmp_path: Path) -> None:
    (log,) = _read(openai_events(tmp_path / "log.jsonl", [1, 0, None]))
    assert (log.format, log.system, log.task, log.metrics()) == ("OpenAI evals", "gpt-x", "qa.dev.v0", ("match",))
    assert [case.score("match") for case in log.cases] == [
        (Status.OK, 1.0),
        (Status.OK, 0.0),
        (Status.INFRA_FAIL, None),
    ]
    first = log.cases[0]
    assert (first.id, first.text, first.answer, first.target) == (
        "qa.dev.0",
        "Question number 0",
        "said 0",
        "answer 0",
    )


def test_openai_evals_that_grade_by_a_model_give_numbers_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    metrics = {"choice": "Y", "score": 0.75, "invalid": False}
    event = {"run_id": "r", "event_id": 0, "sample_id": "s", "type": "metrics", "data": metrics}
    path.write_text(json.dumps({"spec": {"base_eval": "q"}}) + "\n" + json.dumps(event) + "\n")
    (log,) = _read(path)
    assert log.cases[0].scores == {"score": 0.75, "invalid": 0.0}
    assert "final report" in log.notes[0]


def test_items_of_hosted_evals(tmp_path: Path) -> None:
    (log,) = _read(openai_items(tmp_path / "items.json", [1, 0.5]))
    assert (log.system, log.metrics()) == ("gpt-x", ("match", "match/score"))
    assert (log.cases[1].answer, log.cases[1].scores["match/score"]) == ("said 1", 0.5)


def test_score_tables(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("id,score,seconds,lang\na,0.5,1.5,de\nb,,2,en\nc,yes,3,de\n")
    (log,) = _read(path)
    assert [case.score("score") for case in log.cases] == [
        (Status.OK, 0.5),
        (Status.JUDGE_FAIL, None),
        (Status.OK, 1.0),
    ]
    assert (log.system, log.cases[0].tags, log.cases[0].amounts) == ("scores", {"lang": "de"}, {"seconds": 1.5})


def test_tables_of_this_programs_own_export(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(
        "system,part,row_id,target,answer,score,status,confidence,repetition,detail\n"
        "tfidf,test,a,yes,yes,1,ok,0.9,0,\ntfidf,test,b,yes,,,infra_fail,,0,lost\n"
        "tuned,test,a,yes,no,0,model_fail,,0,\ntuned,test,a,yes,yes,1,ok,,1,\n"
    )
    tfidf, tuned = _read(path)
    assert [case.score("score")[0] for case in tfidf.cases] == [Status.OK, Status.INFRA_FAIL]
    assert [(case.repetition, case.score("score")[1]) for case in tuned.cases] == [(0, 0.0), (1, 1.0)]


def test_answers_that_are_still_to_be_graded_are_no_scores(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("id,target,answer,score\na,x,y,0.3\n")
    assert log_format(LogProbe(path)) is None
    assert log_format(LogProbe(path, ScoreColumns(score="score"))) is not None
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "target": "x", "answer": "x"}\n')
    assert log_format(LogProbe(tmp_path / "rows.jsonl")) is None
    assert log_format(LogProbe(tmp_path / "none.csv")) is None


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("id,score\na,good\n", "logs.no_number", "'good'"),
        ("id,score\na,1\na,0\n", "logs.same_case", "'a'"),
        ("id,score\n,1\n", "logs.no_id", "blank"),
        ("id,other\na,1\n", "logs.no_column", "'score'"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, text: str, code: str, said: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    error = _refused(path, ScoreColumns(score="score"))
    assert error.code == code
    assert said in error.message


def test_a_log_that_was_cut_off_is_refused_with_the_line(tmp_path: Path) -> None:
    path = lm_eval_samples(tmp_path / "s.jsonl", [1.0, 0.0])
    path.write_text(path.read_text()[:-40])
    error = _refused(path)
    assert error.code == "logs.broken_line"
    assert (error.where or "").endswith(":2")
    empty = inspect_log(tmp_path / "log.json", [])
    assert _refused(empty).code == "logs.empty"


def test_the_metric_is_the_only_one_or_named(tmp_path: Path) -> None:
    filters = ("strict", "loose")
    (both,) = _read(lm_eval_samples(tmp_path / "a.jsonl", [1.0, 0.0], filters))
    # Both filters give the same scores everywhere, so it does not matter which.
    assert common_metric([both, both], None) == "exact_match,strict"
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    changed = [
        line.replace('"exact_match": 1.0', '"exact_match": 0.0') if '"loose"' in line else line for line in lines
    ]
    (tmp_path / "b.jsonl").write_text("\n".join(changed) + "\n")
    (other,) = _read(tmp_path / "b.jsonl")
    with pytest.raises(InputError) as caught:
        common_metric([both, other], None)
    assert caught.value.code == "logs.several_metrics"
    assert "exact_match,loose" in (caught.value.where or "")
    assert common_metric([both, other], "exact_match,loose") == "exact_match,loose"
    with pytest.raises(InputError) as caught:
        common_metric([both, other], "exact_match,lose")
    assert "loose" in (caught.value.hint or "")
    (none,) = _read(lm_eval_samples(tmp_path / "c.jsonl", [1.0], metric="acc"))
    with pytest.raises(InputError) as caught:
        common_metric([both, none], None)
    assert caught.value.code == "logs.no_common_metric"


def _paths(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Paths of everything inside a JSON value, up to four deep."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, item in inside:
        found.append((*path, key))
        if len(path) < 4:
            found += _paths(item, (*path, key))
    return found


def _with(document: Any, path: tuple[Any, ...], value: object) -> Any:
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


@pytest.mark.parametrize("kind", ["inspect", "promptfoo", "lm-eval", "openai", "items"])
def test_a_value_of_the_wrong_kind_is_read_or_refused_and_never_a_defect(tmp_path: Path, kind: str) -> None:
    """Every value of a small log in turn becomes null, a word, a number, a list and an object."""
    path = tmp_path / "log.json"
    if kind == "inspect":
        inspect_log(path, [inspect_sample(0, "C", limit=None, error=None)])
    elif kind == "promptfoo":
        promptfoo_output(path, [promptfoo_result(0, 1, "a")])
    elif kind == "lm-eval":
        lm_eval_samples(path, [1.0])
    else:
        (openai_events if kind == "openai" else openai_items)(path, [1])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    read = 0
    for number, line in enumerate(lines):
        for place in _paths(line):
            for value in (None, "word", 3, ["x"], {"x": 1}):
                changed = [*lines]
                changed[number] = _with(line, place, value)
                path.write_text("".join(json.dumps(one) + "\n" for one in changed))
                probe = LogProbe(path)
                found = log_format(probe)
                if found is None:
                    continue
                try:
                    logs = found.read(probe)
                except InputError:
                    continue
                read += 1
                for log in logs:
                    assert isinstance(log.system, str)
                    assert all(isinstance(case.text + case.target + case.id, str) for case in log.cases)
    assert read > 20

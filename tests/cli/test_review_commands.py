"""`review`, `label`, `approve` and `versions` as a person types them, answers included."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from review_desk import LABEL, REVIEW, cells, document, in_folder, typed

from tunewright.cli import dialogue
from tunewright.cli.dialogue import Terminal, choose, printable
from tunewright.store import Store

__all__ = ["in_folder"]
pytestmark = pytest.mark.usefixtures("in_folder")


def test_a_whole_review_from_typed_answers() -> None:
    before = Path("tickets.csv").read_bytes()
    # The address is masked, the slip relabelled as suggested with Enter, the copy left out with a reason.
    result = typed(*REVIEW, answers="f\nr\n\ny\nd # twice the same\n")
    assert "error: 1 address" in result.stderr
    assert "mail [EMAIL]" in result.stderr
    assert "relabel to 'refund'" in result.stderr
    assert "\x1b" not in result.stderr
    assert "4 rows, 2 changed, 1 left out" in result.stdout
    assert cells("tickets.reviewed.csv")[1:] == [
        ["T-1", "card is lost", "lost"],
        ["T-2", "mail [EMAIL]", "lost"],
        ["T-3", "where is my card", "arrival"],
        ["T-5", "pay back \x1b[31m", "refund"],
    ]
    assert Path("tickets.csv").read_bytes() == before
    with Store.open(Path(".tunewright")) as store:
        found = {d.finding: (d.who, d.action, d.note) for d in store.decisions.standing()}
    assert found == {
        "pii.email": ("ann", "mask", ""),
        "label_errors.slips": ("ann", "relabel", ""),
        "copies.exact": ("ann", "drop", "twice the same"),
    }


def test_it_can_be_stopped_and_gone_on_with() -> None:
    first = document(*REVIEW, answers="k\nq\n")
    assert (first["open"], first["decided"], first["path"]) == (2, 1, None)
    # Answers from a pipe say nothing about how long a person takes.
    assert first["median_seconds"] is None
    second = document(*REVIEW, "--limit", 1, answers="r arrival\n")
    assert (second["open"], second["changed"]) == (1, 1)
    assert cells(second["path"])[5][2] == "arrival"
    # The end of a pipe is a stop.
    assert document(*REVIEW)["open"] == 1


def test_undo_asks_again_and_nonsense_gets_help() -> None:
    result = typed(*REVIEW, "--check", "pii", answers="k\nwhat\n", code=0)
    assert "1 of 1" not in result.stdout
    found = document(*REVIEW, answers="u\nx\nd\nq\n")
    assert (found["left_out"], found["open"]) == (1, 2)


def test_undo_inside_a_session() -> None:
    result = typed(*REVIEW, answers="what\nk\nu\nf\nq\n")
    assert "Taken back:" in result.stderr
    assert "[f]ix" in result.stderr
    assert "take the last decision back" in result.stderr
    assert cells("tickets.reviewed.csv")[2][1] == "mail [EMAIL]"


def test_an_edit_of_a_field() -> None:
    found = document(*REVIEW, "--check", "pii", answers="e\nnowhere\nx\ne\n\nwrite\\nto us\n")
    assert cells(found["path"])[2][1] == "mail a@x.org".replace("mail a@x.org", "write\nto us")


def test_control_c_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = iter(["f"])

    def read() -> str:
        try:
            return next(keys)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(dialogue, "Terminal", lambda: Terminal(read))
    result = typed(*REVIEW, code=1)
    assert "Stopped on request" in result.output
    assert not Path("tickets.reviewed.csv").exists()
    with Store.open(Path(".tunewright")) as store:
        assert [d.action for d in store.decisions.standing()] == ["mask"]


def test_safe_fixes_are_shown_first_and_made_with_yes() -> None:
    shown = typed(*REVIEW, "--apply-safe")
    assert "-where is my card" in shown.stdout
    assert "Nothing was changed" in shown.stdout
    assert not Path("tickets.reviewed.csv").exists()
    assert document(*REVIEW, "--apply-safe")["safe_fixes"] == 1
    made = document(*REVIEW, "--apply-safe", "--yes")
    assert (made["left_out"], made["changed"]) == (1, 0)
    assert [row[0] for row in cells(made["path"])[1:]] == ["T-1", "T-2", "T-3", "T-5"]


@pytest.mark.parametrize("name", ["queue.csv", "queue.json"])
def test_a_queue_goes_out_and_comes_back(name: str) -> None:
    assert document(*REVIEW, "--export", name)["exported"] == 3
    assert "There is such a file already" in typed(*REVIEW, "--export", name, code=2).output
    path = Path(name)
    if name.endswith("csv"):
        text = path.read_text("utf-8-sig")
        path.write_text(text.replace(",refund,,,", ",refund,accept,,elsewhere"))
    else:
        tasks = json.loads(path.read_text())
        for task in tasks:
            if task["data"]["row"] == "T-5":
                task["annotations"] = [{"result": task["predictions"][0]["result"], "lead_time": 3.5}]
        path.write_text(json.dumps(tasks))
    done = document(*REVIEW, "--import", name)
    assert (done["changed"], done["open"]) == (1, 2)
    assert cells(done["path"])[5][2] == "refund"
    path.write_bytes(path.read_text().encode("cp1252"))
    assert document(*REVIEW, "--import", name)["path"] == done["path"]
    path.write_text(path.read_text().replace("pay back", "pay"))
    assert "nothing of it was taken" in typed(*REVIEW, "--import", name, code=2).output


def test_a_project_is_reviewed_by_its_own_settings() -> None:
    Path("tunewright.yaml").write_text("task: t\ndata: {path: tickets.csv, input: text, target: label, id: id}\n")
    assert document("review", ".", answers="q\n")["open"] == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("review", "nothing.csv"), "no such file"),
        (("review", "tickets.csv", "--target", "label"), "--input COLUMN"),
        ((*REVIEW, "--check", "nothing"), "Checks that found something: copies, label_errors, pii"),
        ((*REVIEW, "--import", "nothing.csv"), "no such file"),
        (("label", "tickets.csv"), "--input COLUMN"),
        (("versions", "v1", "v2"), "no version"),
        (("versions", "v1"), "Two versions"),
        (("approve", "pii.email", "--by", "ann"), "a name and a reason of 5 characters"),
    ],
)
def test_mistakes_are_said_in_words(words: tuple[str, ...], message: str) -> None:
    Store.open(Path(".tunewright")).close()
    assert message in " ".join(typed(*words, code=2).output.split())


def test_approving_what_waits() -> None:
    typed(*REVIEW, answers="q\n")
    assert document("approve") == {"waiting": {"pii.email": 1}}
    result = typed("approve", "pii.email", "--by", "ann", "--reason", "our own address")
    assert "pii.email, 1 row." in result.stdout
    assert "Nothing that an audit saw waits" in typed("approve").stdout


def test_versions_are_listed_compared_and_described() -> None:
    Store.open(Path(".tunewright")).close()
    assert "There are no versions yet" in typed("versions").stdout
    typed(*REVIEW, answers="f\nf\nd\n")
    assert [(v["version"], v["parent"], v["rows"]) for v in document("versions")["versions"]] == [
        (1, None, 5),
        (2, 1, 4),
    ]
    assert "from v1" in typed("versions").stdout
    shown = typed("versions", "v1", "latest").stdout
    assert "3 rows are the same" not in shown
    assert "2 rows are the same, 0 added, 1 removed, 1 changed, 1 relabelled." in shown
    assert "lost -> refund" in shown
    assert "+mail [EMAIL]" in shown
    assert "\x1b" not in shown
    found = document("versions", "1", "2")
    assert [row["row"] for row in found["removed"]] == ["T-4"]
    assert found["relabelled"][0]["after"]["target"] == "refund"
    assert "| ann | label_errors.slips | relabel | 1 |" in typed("versions", "--card", "v2").stdout


def test_labelling_from_typed_answers() -> None:
    with Path("inputs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("text", "who"), *((f"question {n}", "x") for n in range(4))])
    words = (*LABEL, "--order", "file", "--label", "lost", "--label", "arrival")
    # By number, with a slip taken back; then a new label that is confirmed; then one skipped.
    answers = "1\nm\n:u\narriv\nwhat\nm\nstolen\ny\n\n:s\n?\nlost\nr\n"
    result = typed(*words, answers=answers)
    assert "0 of 4 answered" in result.stderr
    assert "Taken back:" in result.stderr
    assert "1 normal, 1 messy, 0 edge, 0 ask-back, 1 refuse" in result.stdout
    assert "59 more normal" in result.stdout
    assert cells("inputs.labelled.csv") == [
        ["text", "who", "target", "case"],
        ["question 0", "x", "arrival", "messy"],
        ["question 1", "x", "stolen", "normal"],
        ["question 3", "x", "lost", "refuse"],
    ]
    done = document(*words, answers="lost\ne\n")
    assert (done["answered"], done["cases"]["edge"], done["path"]) == (4, 1, "inputs.labelled.csv")


def test_a_proposal_is_taken_with_enter_and_hidden_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    from tunewright.workflow.reviewing.label import Proposal

    Path("inputs.csv").write_text("text\none\ntwo\n")
    made = {0: Proposal("lost", 0.4), 1: Proposal("arrival", 0.3)}
    monkeypatch.setattr("tunewright.workflow.reviewing.label.proposals_of", lambda *_words: made)
    shown = typed(*LABEL, "--propose", "best", "--order", "uncertain", answers="\n\n:q\n")
    assert "proposed: arrival (30% sure)" in shown.stderr
    assert shown.stderr.index("two") < shown.stderr.index("one")
    hidden = typed(*LABEL, "--propose", "best", "--hide", answers="\nlost\n\n")
    assert "proposed" not in hidden.stderr
    assert "An answer, please" in hidden.stderr
    assert "hidden proposal in 1 of 1 rows" in hidden.stdout


def test_what_data_says_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\td") == "a<001b>[2Jb<202e>c    d"
    assert len(printable("x" * 5000)) < 1600


def test_labels_are_meant_by_name_number_or_part() -> None:
    names = ["lost", "Lost card", "2"]
    assert choose("lost", names) == ("lost",)
    assert choose("2", names) == ("2",)
    assert choose("1", names) == ("lost",)
    assert choose("LOST CARD", names) == ("Lost card",)
    assert choose("card", names) == ("Lost card",)
    assert choose("os", names) == ("lost", "Lost card")


def test_long_texts_stand_beside_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines: list[str] = []
    terminal = Terminal(lambda: None, lines.append)
    terminal.side_by_side(["this row", "one two three four five six seven"], ["t.csv:3", "other"])
    assert all(len(line.rstrip("\n")) <= 60 and " |" in line for line in lines)
    assert "".join(lines).count("this row") == 1
    assert terminal.ask("?") is None

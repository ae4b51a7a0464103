import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.audit.fields import text_of, texts, with_text
from tunewright.records.example import Example, Message, Source, ToolCall

ROW = Example(
    messages=(
        Message("system", "Be brief."),
        Message("user", "first"),
        Message("assistant", "so", (ToolCall("look", '{"at": 2}'),)),
        Message("user", "?"),
    ),
    target="answer",
    source=Source("rows.jsonl", 3),
    row_id="r3",
    target_calls=(ToolCall("find", '{"id": 1}'),),
    rejected=(Message("assistant", "worse"),),
)


def test_every_text_of_a_row_has_one_name() -> None:
    assert dict(texts(ROW)) == {
        "messages[0]": "Be brief.",
        "messages[1]": "first",
        "messages[2]": "so",
        "messages[2].calls[0]": '{"at": 2}',
        "messages[3]": "?",
        "target": "answer",
        "target_calls[0]": '{"id": 1}',
        "rejected[0]": "worse",
    }


def test_the_input_is_the_last_thing_the_user_said() -> None:
    assert text_of(ROW, "input") == "?"
    assert with_text(ROW, "input", "new").messages[3].content == "new"


@given(field=st.sampled_from([*dict(texts(ROW)), "input"]), text=st.text())
def test_a_text_that_is_put_in_is_found_again_and_nothing_else_changes(field: str, text: str) -> None:
    changed = with_text(ROW, field, text)
    assert text_of(changed, field) == text
    assert with_text(changed, field, text_of(ROW, field)) == ROW


@pytest.mark.parametrize(
    "field", ["messages[4]", "rejected[1]", "messages", "target_calls[-1]", "tags", "messages[1].calls[0]"]
)
def test_a_field_that_is_not_there_is_refused(field: str) -> None:
    with pytest.raises(KeyError):
        text_of(ROW, field)
    with pytest.raises(KeyError):
        with_text(ROW, field, "x")

"""``tunewright chat`` as typed: one answer, lines from a pipe, a person at a terminal, a trained folder, refusals."""

from __future__ import annotations

import builtins
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from click.testing import Result
from typed import document, typed
from typer.testing import CliRunner

from tiny_decoders import CHATML, write_chat_decoder, write_tiny_decoder
from tunewright.cli import chat as chat_command
from tunewright.cli.main import app
from tunewright.language import embedded
from tunewright.language.decoder import load_decoder, locate_decoder
from tunewright.language.generate import Decoding, generate
from tunewright.language.render import RenderSpec, prompt_ids
from tunewright.language.spec import resolve_spec
from tunewright.records.example import Message
from tunewright.training.adapters import save_trained
from tunewright.training.methods import MethodSettings, prepare
from tunewright.workflow.chat import PRACTICE, ChatModel, Conversation, open_model

USER, ASSISTANT = "user", "assistant"
TOLD = "TOLD {{ messages[-1].content }} {{ last }} "


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.language.threads.MOST_THREADS", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_decoder(tmp_path_factory.mktemp("model"), max_position_embeddings=256)


@pytest.fixture
def chat(folder: Path) -> ChatModel:
    return open_model(str(folder), plain=False, date="2024-05-01")


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A person who types these lines; an exception among them is raised instead of a line."""

    def talk(*lines: str | type[BaseException], words: tuple[object, ...] = (), code: int = 0) -> Result:
        left = iter(lines)

        def read(_prompt: str = "") -> str:
            line = next(left, EOFError)
            if isinstance(line, str):
                return line
            raise line

        monkeypatch.setattr(chat_command, "_at_terminal", lambda: True)
        monkeypatch.setattr(builtins, "input", read)
        return typed("chat", *words, code=code)

    return talk


def piped(text: str | bytes, *words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["chat", *map(str, words)], input=text)
    assert result.exit_code == code, result.output
    return result


def greedy(chat: ChatModel, messages: list[tuple[str, str]], most: int) -> str:
    """What ``generate`` answers to a conversation that is read from its beginning."""
    prompt = prompt_ids([Message(role, text) for role, text in messages], (), chat.spec)
    return generate(chat.model, chat.spec.tokenizer, [prompt], Decoding(most, chat.spec.stop))[0].text


def test_one_answer_in_one_document(folder: Path, chat: ChatModel) -> None:
    report = document("chat", folder, "--once", "Good day", "--system", "Be brief", "--max-new-tokens", 12)
    assert report["answer"] == greedy(chat, [("system", "Be brief"), (USER, "Good day")], 12)
    assert (report["model"], report["tokens"], report["finish"]) == (str(folder), 12, "length")
    assert report["seconds"] > 0
    assert report["prompt_tokens"] == len("system\nBe brief\n" + "user\nGood day\n" + "assistant\n") + 5
    result = typed("chat", folder, "--once", "Good day", "--system", "Be brief", "--max-new-tokens", 12)
    assert result.stdout == report["answer"] + "\n"
    assert result.stderr.splitlines()[0].startswith(f"Talking to {folder}: a model folder, 0.0 M parameters, reads 256")
    assert "cut after 12 tokens" in result.stderr


def test_an_answer_that_stops_says_so(chat: ChatModel) -> None:
    """The logit of the stop token is raised, so that every answer stops at once; it is a turn all the same."""
    chat.model.lm_head.register_forward_hook(lambda _m, _i, logits: logits + 99 * torch.eye(logits.shape[-1])[2])
    conversation = Conversation(chat, Decoding(9, ()))
    answer = conversation.ask("Good day", lambda _piece: None)
    assert (answer.text, answer.tokens, answer.finish) == ("", 1, "stop")
    assert conversation.describe_cut(answer) is None
    assert len(conversation.turns) == 1


def test_turns_are_those_of_generate_and_read_only_what_is_new(chat: ChatModel) -> None:
    conversation = Conversation(chat, Decoding(10, ()))
    said: list[tuple[str, str]] = []
    for question in ("one", "two", "three"):
        pieces: list[str] = []
        answer = conversation.ask(question, pieces.append)
        said.append((USER, question))
        assert answer.text == "".join(pieces) == greedy(chat, said, 10)
        said.append((ASSISTANT, answer.text))
    assert [(m.role, m.content) for m in conversation.messages] == said


def test_sampled_answers_hang_on_the_seed_alone(folder: Path) -> None:
    words = ("chat", folder, "--once", "Good day", "--temperature", 1, "--max-new-tokens", 12, "--seed")
    assert document(*words, 3)["answer"] == document(*words, 3)["answer"] != document(*words, 4)["answer"]


def test_each_turn_draws_random_numbers_of_its_own(chat: ChatModel) -> None:
    conversation = Conversation(chat, Decoding(8, (), temperature=1.0, seed=5))
    for turn in range(2):
        said = (*conversation.messages, Message(USER, "one"))
        decoding = Decoding(8, chat.spec.stop, temperature=1.0, seed=5 + turn)
        expected = generate(chat.model, chat.spec.tokenizer, [prompt_ids(said, (), chat.spec)], decoding)[0]
        assert conversation.ask("one", lambda _piece: None).text == expected.text


def test_lines_of_a_pipe_are_one_conversation(folder: Path, chat: ChatModel) -> None:
    words = (folder, "--max-new-tokens", 8)
    result = piped("\ufeffone\n\ntwö\n/new\none\n/quit\nthree\n", *words)
    first = greedy(chat, [(USER, "one")], 8)
    second = greedy(chat, [(USER, "one"), (ASSISTANT, first), (USER, "twö")], 8)
    assert result.stdout == f"{first}\n{second}\n{first}\n"
    assert "A new conversation." in result.stderr
    assert "> " not in result.stdout
    assert chat_command.HOW not in result.stderr
    assert piped("", *words).stdout == ""


def test_a_person_at_a_terminal(folder: Path, chat: ChatModel, at_terminal: Callable[..., Result]) -> None:
    long = "x" * 300
    result = at_terminal("one", KeyboardInterrupt, "", long, "/new", "one", words=(folder, "--max-new-tokens", 8))
    first = greedy(chat, [(USER, "one")], 8)
    assert result.stdout == f"{first}\n{first}\n"
    assert result.stderr.count(chat_command.HOW) == 2
    assert "leaves no room for an answer" in result.stderr
    assert "A new conversation." in result.stderr
    assert at_terminal("one", "/quit", "two", words=(folder, "--max-new-tokens", 8)).stdout == f"{first}\n"


def test_ctrl_c_stops_the_answer_only(
    folder: Path, at_terminal: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote: list[str] = []

    def write(text: str) -> None:
        wrote.append(text)
        if len(wrote) == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(chat_command, "_write", write)
    result = at_terminal("one", "two", words=(folder, "--max-new-tokens", 9))
    assert result.stderr.count("Stopped.") == 1
    assert wrote.count("\n") == 2
    assert len(wrote) > 5


def test_an_interrupted_answer_is_kept_as_far_as_it_was_shown(chat: ChatModel) -> None:
    conversation = Conversation(chat, Decoding(30, ()))
    shown: list[str] = []

    def write(piece: str) -> None:
        shown.append(piece)
        if len(shown) == 2:
            raise KeyboardInterrupt

    answer = conversation.ask("one", write)
    assert (answer.finish, answer.text) == ("interrupted", "".join(shown))
    said = [(USER, "one"), (ASSISTANT, answer.text), (USER, "two")]
    assert conversation.ask("two", lambda _piece: None).text == greedy(chat, said, 30)


def test_without_a_terminal_ctrl_c_ends_the_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_command, "_write", lambda _text: signal.raise_signal(signal.SIGINT))
    words = (folder, "--max-new-tokens", 9)
    assert "Stopped on request" in piped("one\ntwo\n", *words, code=1).stderr
    assert "Stopped on request" in typed("chat", *words, "--once", "one", code=1).stderr


def test_the_oldest_turns_are_left_out_aloud(chat: ChatModel) -> None:
    conversation = Conversation(chat, Decoding(20, ()), system="Keep me")
    remarks: list[str] = []
    questions = [f"{number} " + "q" * 40 for number in range(5)]
    answers = [conversation.ask(question, lambda _piece: None, remarks.append).text for question in questions]
    assert remarks
    assert all("oldest turn" in remark and "256 tokens" in remark for remark in remarks)
    kept = len(conversation.turns) - 1
    assert 0 < kept < 4
    said = [("system", "Keep me")]
    for question, answer in list(zip(questions, answers, strict=True))[4 - kept : 4]:
        said += [(USER, question), (ASSISTANT, answer)]
    assert answers[4] == greedy(chat, [*said, (USER, questions[4])], 20)
    assert conversation.messages[0].content == "Keep me"


def test_an_answer_that_fills_the_context_is_called_cut(chat: ChatModel) -> None:
    conversation = Conversation(chat, Decoding(200, ()))
    answer = conversation.ask("q" * 200, lambda _piece: None)
    assert answer.prompt_tokens + answer.tokens == 256
    assert "context of 256 tokens is full" in (conversation.describe_cut(answer) or "")


def test_plain_has_no_template(folder: Path, chat: ChatModel) -> None:
    prompt = chat.spec.tokenizer("Good day\n", add_special_tokens=False)["input_ids"]
    expected = generate(chat.model, chat.spec.tokenizer, [prompt], Decoding(8, chat.spec.stop))[0].text
    report = document("chat", folder, "--plain", "--once", "Good day", "--max-new-tokens", 8)
    assert (report["answer"], report["prompt_tokens"]) == (expected, 9)


def test_a_model_without_a_template_says_so(tmp_path: Path) -> None:
    other = write_chat_decoder(tmp_path / "bare")
    (other / "chat_template.jinja").unlink()
    result = typed("chat", other, "--once", "Good day", "--max-new-tokens", 4)
    assert "There is no chat template" in result.stderr


def test_turns_go_before_they_take_the_room_of_the_answer(chat: ChatModel) -> None:
    """Questions of all lengths, so that some conversation would leave fewer than 20 tokens."""
    conversation = Conversation(chat, Decoding(20, ()))
    given = [conversation.ask("q" * (1 + 7 * turn % 40), lambda _piece: None) for turn in range(12)]
    assert [answer.tokens for answer in given] == [20] * 12
    assert max(answer.prompt_tokens for answer in given) > 200


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_trained_folder_is_asked_as_it_was_trained(method: str, folder: Path, tmp_path: Path) -> None:
    base = locate_decoder(str(folder))
    loaded = load_decoder(base)
    own = resolve_spec(loaded.tokenizer, date="2024-05-01", template=TOLD, arguments={"last": "SAY"})
    prepared = prepare(loaded.model, MethodSettings(method, rank=None if method == "full" else 2))
    with torch.no_grad():
        for name, weights in prepared.model.named_parameters():
            if weights.requires_grad and (method == "full" or "lora_B" in name):
                weights.add_(0.2)
    prepared.model.eval()
    trained = save_trained(tmp_path / "trained", prepared, loaded.tokenizer, base, own)
    report = document("chat", trained, "--once", "Good day", "--max-new-tokens", 8)
    wanted = ChatModel("", prepared.model, own, "", ())
    assert report["answer"] == greedy(wanted, [(USER, "Good day")], 8)
    assert report["prompt_tokens"] == len("TOLD Good day SAY ")
    kind = "adapter" if method == "lora" else "model"
    assert f"{kind} of `tunewright train` on {folder}" in open_model(str(trained), plain=False, date="").about
    bare = document("chat", trained, "--once", "Good day", "--plain", "--max-new-tokens", 8)
    assert bare["prompt_tokens"] == len("Good day\n")


def test_an_embedded_model_is_called_what_it_is(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "EMBEDDED", ("sparrow",))
    monkeypatch.setattr(embedded, "embedded_folder", lambda _name: folder)
    result = typed("chat", "sparrow", "--once", "Good day", "--max-new-tokens", 4)
    first = result.stderr.splitlines()[0]
    assert first.startswith("Talking to sparrow: comes with Tunewright")
    assert first.endswith(f"; {PRACTICE}.")
    base = locate_decoder("sparrow")
    loaded = load_decoder(base)
    prepared = prepare(loaded.model, MethodSettings("lora", rank=2))
    trained = save_trained(
        tmp_path / "trained", prepared, loaded.tokenizer, base, RenderSpec(loaded.tokenizer, CHATML, stop=(2,))
    )
    assert open_model(str(trained), plain=False, date="").about.endswith(f"its base is {PRACTICE}")


def test_control_characters_do_not_reach_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wrote: list[str] = []

    class Terminal:
        def __init__(self, terminal: bool) -> None:
            self.isatty = lambda: terminal
            self.write = wrote.append
            self.flush = lambda: None

    for terminal in (True, False):
        monkeypatch.setattr(sys, "stdout", Terminal(terminal))
        chat_command._write("a\tb\n\x1b[2J\x9b1mé")
    monkeypatch.undo()
    assert wrote == ["a\tb\n\ufffd[2J\ufffd1mé", "a\tb\n\x1b[2J\x9b1mé"]


def _refusals() -> Iterator[tuple[tuple[object, ...], str]]:
    yield ("--once", " "), "chat.empty"
    yield ("--once", "a", "--system", " "), "chat.empty"
    yield ("--once", "a\udcff"), "chat.not_text"
    yield ("--once", "x" * 300), "chat.too_long"
    yield ("--once", "a", "--system", "x" * 300), "chat.too_long"
    yield ("--once", "a", "--max-new-tokens", 0), "generate.max_new_tokens"
    yield ("--once", "a", "--temperature", -1), "generate.sampling"
    yield ("--once", "a", "--temperature", "nan"), "generate.sampling"
    yield (), "chat.json_without_once"


def test_a_system_message_without_room_is_said_before_the_first_question(
    folder: Path, at_terminal: Callable[..., Result]
) -> None:
    result = at_terminal("one", words=(folder, "--system", "x" * 300), code=2)
    assert "The message and the system message have" in result.stderr
    assert "Talking to" not in result.stderr


@pytest.mark.parametrize(("words", "code"), list(_refusals()))
def test_refusals(words: tuple[object, ...], code: str, folder: Path) -> None:
    assert document("chat", folder, *words, code=2)["error"]["code"] == code


def test_refusals_about_the_model(tmp_path: Path, folder: Path) -> None:
    assert document("chat", "/nowhere", "--once", "a", code=2)["error"]["code"] == "decoder.not_found"
    assert document("chat", tmp_path, "--once", "a", code=2)["error"]["code"] == "decoder.incomplete"
    refusing = write_tiny_decoder(tmp_path / "refusing")
    (refusing / "chat_template.jinja").write_text(
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}w1</s>", encoding="utf-8"
    )
    words = ("chat", refusing, "--once", "a", "--max-new-tokens", 2)
    assert document(*words)["tokens"] > 0
    assert document(*words, "--system", "b", code=2)["error"]["code"] == "template.refused"


def test_a_pipe_that_is_no_text_ends_with_its_line(folder: Path) -> None:
    result = piped(b"one\n\xff\xfe\n", folder, "--max-new-tokens", 4, code=2)
    assert "line 2, byte 1" in result.stderr
    assert result.stdout.count("\n") >= 1


def test_without_the_models_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.language.extra._PACKAGES", ("no_such_package",))
    error = document("chat", folder, "--once", "a", code=2)["error"]
    assert error["code"] == "chat.no_models"
    assert "tunewright[models]" in error["message"]

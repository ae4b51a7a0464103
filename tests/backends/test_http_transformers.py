"""The HTTP backend against a real server: ``transformers serve`` with the embedded decoder, here and offline."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import tunewright
from tunewright.backends.http import HttpBackend
from tunewright.backends.http_client import http_model
from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.example import Message
from tunewright.records.generation import Decoding, Request, Watch

WREN = Path(tunewright.__file__).parent / "language" / "wren"
START_S = 60
MISSING = [name for name in ("fastapi", "uvicorn", "transformers") if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"transformers serve needs {', '.join(MISSING)}"),
    pytest.mark.skipif(not (WREN / "model.safetensors").exists(), reason="the embedded decoder is not here"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(WREN), "--device", "cpu"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    quiet = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    process = subprocess.Popen(command, env=os.environ | quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.skip(f"transformers serve ends at once here (exit code {process.returncode})")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.skip(f"transformers serve does not start within {START_S} s here")


def greedy_here(texts: list[str], tokens: int) -> list[tuple[str, int]]:
    """What ``generate`` of transformers says in this process, and the length of each prompt in tokens."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(WREN)
    model = AutoModelForCausalLM.from_pretrained(WREN, dtype="auto")
    said = []
    for text in texts:
        turns = [{"role": "user", "content": text}]
        inputs = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        length = inputs["input_ids"].shape[1]
        output = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)[0, length:]
        said.append((tokenizer.decode(output, skip_special_tokens=True), length))
    return said


def test_replies_equal_greedy_generation_in_this_process(address: str) -> None:
    texts = ["Say the number 7.", "The capital of France is", "List three animals.", "Why is the sky blue?"]
    model = http_model("wren", {"openai": str(WREN), "base_url": address, "server": "transformers", "retry_s": 0})
    near = HttpBackend("wren", model)
    requests = [Request((Message("user", text),), Decoding(max_tokens=16)) for text in texts]
    got = dict(near.complete(requests, Watch()))
    near.close()
    for place, (text, length) in enumerate(greedy_here(texts, 16)):
        assert got[place].status is Status.OK, got[place].detail
        assert got[place].text == text
        assert got[place].usage.input == length
        assert 0 < got[place].usage.output <= 16
        assert got[place].usd is None
        assert got[place].finish in ("stop", "length")


def test_another_model_than_the_one_served_is_an_error_to_act_on(address: str) -> None:
    near = HttpBackend("other", http_model("other", {"openai": "other", "base_url": address, "retry_s": 0}))
    with pytest.raises(InputError) as caught:
        list(near.complete([Request((Message("user", "hi"),))], Watch()))
    near.close()
    assert caught.value.code == "model.unknown"

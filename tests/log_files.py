"""Small logs in the formats of Inspect, promptfoo, lm-eval and OpenAI evals, as those programs write them.

Made by hand after the sources of the programs; a case is right where ``right`` says so, None is an answer that failed.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Right = Sequence[float | None]


def inspect_sample(number: int, value: object, epoch: int = 1, **more: Any) -> dict[str, Any]:
    """One sample of Inspect with one scorer, ``match``."""
    sample: dict[str, Any] = {
        "id": f"q{number}",
        "epoch": epoch,
        "input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Question number {number}"}],
        "target": f"answer {number}",
        "scores": {"match": {"value": value, "answer": f"answer {number if value in ('C', 1.0) else -1}"}},
        "metadata": {"lang": "de" if number % 2 else "en", "long": {"nested": 1}},
        "model_usage": {"m": {"input_tokens": 100, "output_tokens": 10 + number % 3}},
        "total_time": 2.0,
        "working_time": 1.0 + (number % 5) / 10,
    }
    return sample | more


def inspect_log(path: Path, samples: Sequence[dict[str, Any]], model: str = "openai/small", **more: Any) -> Path:
    """A log of Inspect: an archive if the name ends in .eval, else one JSON object."""
    header = {"version": 2, "status": "success", "eval": {"task": "qa", "model": model}, "plan": {}} | more
    if path.suffix != ".eval":
        path.write_text(json.dumps(header | {"samples": list(samples)}), encoding="utf-8")
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": header["eval"], "plan": {}}))
        for sample in samples:
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        archive.writestr("summaries.json", json.dumps(list(samples)))
        archive.writestr("header.json", json.dumps(header))
    return path


def repack_with_zstandard(source: Path, target: Path) -> Path:
    """The same archive with members packed by method 93: stored as packed bytes, then the method is written over."""
    import zstandard

    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for name in whole.namelist():
            packed.writestr(name, zstandard.ZstdCompressor().compress(whole.read(name)))
    raw = bytearray(target.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = raw.find(signature)
        while at >= 0:
            raw[at + offset : at + offset + 2] = (93).to_bytes(2, "little")
            at = raw.find(signature, at + 4)
    target.write_bytes(bytes(raw))
    return target


def promptfoo_result(number: int, right: float | None, provider: str, prompt: int = 0) -> dict[str, Any]:
    """One result of promptfoo; None is an error of the provider."""
    variables = {"question": f"Question number {number}", "tier": "gold" if number % 3 == 0 else "free"}
    result: dict[str, Any] = {
        "promptIdx": prompt,
        "testIdx": number,
        "testCase": {"vars": variables, "assert": [{"type": "equals", "value": f"answer {number}"}]},
        "promptId": f"p{prompt}",
        "provider": {"id": provider, "label": ""},
        "prompt": {"raw": "{{question}}", "label": "{{question}}"},
        "vars": variables | {"sessionId": f"{provider}-{number}"},
        "success": right == 1,
        "score": right or 0,
        "namedScores": {},
        "failureReason": 0 if right == 1 else 1,
        "latencyMs": 400 + 10 * (number % 7),
        "cost": 0.001,
        "response": {"output": "text", "tokenUsage": {"prompt": 50, "completion": 5, "total": 55}},
    }
    if right is None:
        result |= {"failureReason": 2, "error": "429 rate limit", "response": {"error": "429 rate limit"}}
    return result


def promptfoo_output(path: Path, results: Sequence[dict[str, Any]]) -> Path:
    """What ``promptfoo eval -o`` writes: one object, or a line for every result."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(result) + "\n" for result in results), encoding="utf-8")
    else:
        summary = {"version": 3, "timestamp": "t", "results": list(results), "prompts": [], "stats": {}}
        path.write_text(json.dumps({"evalId": "e", "results": summary, "config": {}}), encoding="utf-8")
    return path


def lm_eval_samples(path: Path, right: Right, filters: Sequence[str] = ("none",), metric: str = "exact_match") -> Path:
    """What ``--log_samples`` writes for one task."""
    lines = []
    for name in filters:
        for number, value in enumerate(right):
            lines.append(
                {
                    "doc_id": number,
                    "doc": {"question": f"Question number {number}", "subject": "a" if number % 2 else "b"},
                    "target": f"answer {number}",
                    "arguments": {"gen_args_0": {"arg_0": "few shots"}},
                    "resps": [["reply"]],
                    "filtered_resps": [f"answer {number}" if value else "no"],
                    "filter": name,
                    "metrics": [metric],
                    "doc_hash": f"{number:064x}"[::-1],
                    "prompt_hash": "0",
                    "target_hash": "0",
                    metric: value,
                }
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def openai_events(path: Path, right: Right, model: str = "gpt-x") -> Path:
    """The events of one run of oaieval; None is a sample that ended in an error."""
    lines: list[dict[str, Any]] = [{"spec": {"completion_fns": [model], "eval_name": "qa.dev.v0", "base_eval": "qa"}}]
    events: list[tuple[str, str, dict[str, Any]]] = []
    for number, value in enumerate(right):
        sample = f"qa.dev.{number}"
        prompt = [{"role": "system", "content": "Answer."}, {"role": "user", "content": f"Question number {number}"}]
        events.append((sample, "sampling", {"prompt": prompt, "sampled": [f"said {number}"]}))
        if value is None:
            events.append((sample, "error", {"type": "Timeout", "message": "timed out"}))
        else:
            match = {"correct": value == 1, "expected": f"answer {number}", "picked": f"said {number}"}
            events.append((sample, "match", match))
    for number, (sample, kind, data) in enumerate(events):
        lines.append({"run_id": "r", "event_id": number, "sample_id": sample, "type": kind, "data": data})
    lines.append({"final_report": {"accuracy": 0.5}})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def openai_items(path: Path, right: Right, model: str = "gpt-x") -> Path:
    """Output items of a hosted eval as the API lists them."""
    items = [
        {
            "object": "eval.run.output_item",
            "datasource_item_id": number,
            "datasource_item": {"question": f"Question number {number}", "kind": "k"},
            "results": [{"name": "match", "passed": value == 1, "score": value}],
            "sample": {
                "model": model,
                "output": [{"role": "assistant", "content": f"said {number}"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 2},
                "error": None,
            },
        }
        for number, value in enumerate(right)
    ]
    path.write_text(json.dumps({"object": "list", "data": items}), encoding="utf-8")
    return path

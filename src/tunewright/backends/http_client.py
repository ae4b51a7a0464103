"""Where a remote model is, and a client that reaches that place and no other.

The key is read from the environment variable named, goes to the host named, and is kept nowhere else. The client's own
retries and redirects are off; of the headers that its environment may add, none leaves. Called by ``http``.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

import httpx2
from openai import AsyncOpenAI

from tunewright.errors import InputError

ServerKind = Literal["openai", "vllm", "sglang", "llama_cpp", "ollama", "transformers", "other"]
KINDS: tuple[str, ...] = get_args(ServerKind)
HOSTED = "https://api.openai.com/v1"
MAX_REPLY_BYTES = 32 * 1024 * 1024
CONNECT_S = 10.0
# Where servers of one's own say what stands behind a name, and the fields of it from which replies follow.
TELLS: Mapping[str, tuple[str, ...]] = {
    "vllm": ("/v1/models", "/version"),
    "sglang": ("/get_model_info",),
    "llama_cpp": ("/props", "/v1/models"),
    "ollama": ("/api/tags",),
}
_CONTENT = {"root", "parent", "max_model_len", "version", "model_path", "tokenizer_path", "weight_version"}
_CONTENT |= {"chat_template", "build_info", "meta", "n_params", "size", "n_vocab", "n_ctx_train", "digest"}
_KEY = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_SENT = {"host", "content-type", "content-length", "accept", "accept-encoding", "connection", "user-agent"}
_OPENAI_ONLY = {"openai-organization", "openai-project"}
_SECRET = re.compile(r"\b(?:sk|gsk|xai|pk|key)-[A-Za-z0-9_*.\-]{8,}")


@dataclass(frozen=True, slots=True)
class HttpModel:
    """A model behind an OpenAI-compatible server, as the project file names it.

    ``key_env`` is the name of the environment variable with the key, never the key. ``deadline_s`` bounds one attempt
    from connecting to the last byte; ``retry_s`` is how long after its start a request may still be tried again (0: one
    attempt, whatever happens). ``concurrency`` is the most requests in flight at a time.
    """

    openai: str
    base_url: str = HOSTED
    key_env: str | None = None
    server: ServerKind = "other"
    deadline_s: float = 120.0
    retry_s: float = 300.0
    concurrency: int = 32

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def local(self) -> bool:
        """Whether the address is this machine itself."""
        return _is_loopback(self.host)


def http_model(name: str, entry: Mapping[str, object]) -> HttpModel:
    """The model that an entry of ``models:`` describes; ``name`` is what the project calls it.

    Raises:
        InputError: an unknown field, a value that cannot be used, or a key written into the file.
    """
    where = f"models.{name}"
    known = ["openai", "base_url", "key", *(f.name for f in fields(HttpModel)[3:])]
    for field in entry:
        if field not in known:
            near = difflib.get_close_matches(str(field), known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known fields: {', '.join(known)}"
            raise InputError("model.unknown_key", f"Unknown field {str(field)!r}.", where=where, hint=hint)
    model = entry.get("openai")
    if not isinstance(model, str) or not model:
        hint = "Write openai: followed by the model's name as its server knows it."
        raise InputError("model.name", "The model has no name on its server.", where=f"{where}.openai", hint=hint)
    base_url = _base_url(entry.get("base_url", HOSTED), where)
    default = "openai" if base_url == HOSTED else "other"
    server = entry.get("server", default)
    if server not in KINDS:
        hint = f"One of {', '.join(KINDS)}."
        raise InputError("model.server", f"Unknown server {str(server)!r}.", where=f"{where}.server", hint=hint)
    return HttpModel(
        openai=model,
        base_url=base_url,
        key_env=_key_name(entry.get("key"), where),
        server=cast(ServerKind, server),
        deadline_s=_number(entry, "deadline_s", 120.0, where, above=0.0),
        retry_s=_number(entry, "retry_s", 300.0, where),
        concurrency=int(_number(entry, "concurrency", 32, where, above=0.5)),
    )


def key_of(model: HttpModel) -> str:
    """The key from the environment, empty where none is named.

    Raises:
        InputError: the environment variable is not set, or holds what can be no key.
    """
    if model.key_env is None:
        return ""
    key = os.environ.get(model.key_env, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise InputError(
            "model.key",
            f"The environment variable {model.key_env} is not set, or holds no key.",
            where=f"the key of {model.openai} at {model.base_url}",
            hint=f"Set it first: export {model.key_env}=...",
        )
    return key


def make_client(model: HttpModel) -> tuple[AsyncOpenAI, Callable[[str], str]]:
    """A client for that server, and a function that takes the key out of a text.

    Raises:
        InputError: the environment variable with the key is not set.
    """
    key = key_of(model)
    http = httpx2.AsyncClient(transport=_guarded(model, with_key=bool(key)), follow_redirects=False, trust_env=False)
    timeout = httpx2.Timeout(None, connect=min(CONNECT_S, model.deadline_s))
    client = AsyncOpenAI(
        api_key=key or "none",  # the client wants one; without a key the guard takes the header away
        base_url=model.base_url,
        max_retries=0,
        timeout=timeout,
        http_client=http,
        default_headers={"Accept-Encoding": "identity"},
    )
    client.admin_api_key = None

    def scrub(text: str) -> str:
        return _SECRET.sub("[key]", text.replace(key, "[key]") if key else text)

    return client, scrub


async def told_by(client: AsyncOpenAI, model: HttpModel) -> list[object]:
    """What a server of this kind tells about the weights behind the model's name, without what changes by itself."""
    root = model.base_url.removesuffix("/v1")
    told: list[object] = []
    for path in TELLS[model.server]:
        raw = await client.get(root + path, cast_to=httpx2.Response)
        value = raw.json()
        listed = value.get("data") or value.get("models") if isinstance(value, dict) else None
        if isinstance(listed, list):
            names = (model.openai, f"{model.openai}:latest")
            # llama.cpp answers to any name: then all that it lists counts
            value = [item for item in listed if item.get("id") in names or item.get("name") in names] or listed
        told.append(_stable(value))
    return told


def _stable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _stable(inner) for key, inner in value.items() if key in _CONTENT}
    return [_stable(item) for item in value] if isinstance(value, list) else value


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error once it is larger than any reply can be."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > MAX_REPLY_BYTES:
                raise httpx2.ReadError(f"the reply is larger than {MAX_REPLY_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Guard(httpx2.AsyncBaseTransport):
    """Lets requests to one origin through, with the headers that a completion needs and no others."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, base_url: str, sent: set[str]) -> None:
        self._inner = inner
        self._origin = _origin(httpx2.URL(base_url))
        self._sent = sent

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if _origin(request.url) != self._origin:
            raise httpx2.UnsupportedProtocol("requests leave for the server of the project file only")
        for header in [name for name in request.headers if name.lower() not in self._sent]:
            del request.headers[header]
        response = await self._inner.handle_async_request(request)
        response.stream = _Bounded(cast(httpx2.AsyncByteStream, response.stream))
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def _guarded(model: HttpModel, with_key: bool) -> _Guard:
    """The transport: through the proxy that the environment names, except to this machine itself."""
    scheme = urlsplit(model.base_url).scheme
    bypassed = model.local or urllib.request.proxy_bypass(model.host)
    proxies = {} if bypassed else urllib.request.getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=model.concurrency)
    sent = _SENT | ({"authorization"} if with_key else set()) | (_OPENAI_ONLY if model.base_url == HOSTED else set())
    return _Guard(httpx2.AsyncHTTPTransport(limits=limits, proxy=proxy, trust_env=True), model.base_url, sent)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    port = url.port if url.port is not None else {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _base_url(value: object, where: str) -> str:
    text = str(value).rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, usable = urlsplit(""), False
    if usable and (parts.username or parts.password or parts.query or parts.fragment):
        raise InputError(
            "model.base_url",
            "The address carries a user name, a password or a query.",
            where=f"{where}.base_url",
            why="Addresses stand in logs and reports, so that nothing secret may be part of one.",
            hint='Give the bare address, and the key as key: "${env:NAME}".',
        )
    if not usable:
        raise InputError(
            "model.base_url",
            "Not the address of a server.",
            where=f"{where}.base_url",
            hint="Write it with scheme and path, as in http://localhost:8000/v1",
        )
    return text


def _key_name(value: object, where: str) -> str | None:
    if value is None:
        return None
    match = _KEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise InputError(
            "model.key",
            "The key must be named by its environment variable.",
            where=f"{where}.key",
            why="A key in a file is a key in every copy of that file.",
            hint='Write key: "${env:OPENAI_API_KEY}", and take the key itself out of the file.',
        )
    return match.group(1)


def _number(entry: Mapping[str, object], name: str, default: float, where: str, above: float = -1e-9) -> float:
    value = entry.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < 1e9:
        hint = "Give a number of seconds, as in 120." if name.endswith("_s") else "Give a whole number, 1 or more."
        raise InputError("model.value", f"Not usable: {str(value)[:40]!r}.", where=f"{where}.{name}", hint=hint)
    return float(value)

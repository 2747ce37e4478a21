"""From a SPEC to an embedder."""

from __future__ import annotations

from simulator.embeddings.openai import Count, OpenAIEmbedder
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.errors import ModelSpecError
from simulator.settings import DEFAULT_EMBEDDER, DEFAULT_KEY, Settings
from simulator.transport.client import HttpClient
from simulator.transport.limiter import Limiter
from simulator.transport.patience import Patience
from simulator.transport.setback import Place
from simulator.transport.url import Remote, key_for, parse_remote

__all__ = ["DEFAULT_EMBEDDER", "embedder_from"]

CONCURRENCY = 8
"""Batches in flight at a remote embedder."""

MAX_BYTES = 64 << 20
"""Largest answer: 64 vectors of 3,072 dimensions are about 5 MB, larger models exist."""


def embedder_from(
    spec: str, settings: Settings, *, key_env: str | None = None, count: Count | None = None
) -> WordLlamaEmbedder | OpenAIEmbedder:
    """Return the embedder that ``spec`` names. Nothing is loaded or connected before its first use.

    Args:
        spec: ``wordllama``, ``openai:MODEL`` (the paper's is ``openai:text-embedding-3-small``) or ``URL#MODEL``.
        settings: Where keys and proxies are looked up.
        key_env: The variable that holds the key; ``OPENAI_API_KEY`` if it is not named.
        count: Told of each request to a remote one.

    Raises:
        ModelSpecError: The SPEC is malformed, its key is not set, or would be sent unencrypted.
    """
    text = spec.strip()
    if text == DEFAULT_EMBEDDER:
        return WordLlamaEmbedder()
    remote = parse_remote(text)
    if remote is None:
        raise ModelSpecError(
            f"embedder SPEC {spec!r} is not understood; allowed is 'wordllama', 'openai:MODEL' or 'URL#MODEL'"
        )
    return OpenAIEmbedder(remote.model, _client(remote, settings, key_env), count)


def _client(remote: Remote, settings: Settings, key_env: str | None) -> HttpClient:
    key = key_for(remote, settings, key_env, "or use 'wordllama', which needs none")
    return HttpClient(
        Place(remote.url, key_env or DEFAULT_KEY, key),
        patience=Patience(timeout_s=60.0, deadline_s=180.0, max_bytes=MAX_BYTES),
        limiter=Limiter(CONCURRENCY),
        proxy=settings.proxy_for(remote.url),
    )

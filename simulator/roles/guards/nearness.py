"""The detector of turns that say another one again in slightly other words. It needs an embedder, so it is apart."""

from __future__ import annotations

from simulator.embeddings.protocol import Embedder
from simulator.models.conversation import Label
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import content_words

__all__ = ["said_before"]

_NEAR = 0.88
"""Cosine from which a turn says what another one said. Turns that go on reach 0.8, and so do free paraphrases."""

_LOOKED_BACK = 8
"""Own turns that are looked at: who comes back to a matter after so many turns has a reason to."""

_HEARD = 2
"""Turns of the other side that are looked at."""

_FEWEST = 4
"""Topic words from which on a cosine tells anything."""


async def said_before(turn: str, scene: Scene, embedder: Embedder) -> Label | None:
    """Find a turn that says again what the speaker said before, or what the other side just said.

    Raises:
        EndpointError: A remote embedder failed.
    """
    own, other = scene.own[-_LOOKED_BACK:], scene.other[-_HEARD:]
    if not (own or other) or len(content_words(turn)) < _FEWEST:
        return None
    vectors = await embedder.embed([turn, *own, *other])
    near = vectors[1:] @ vectors[0]
    best = int(near.argmax())
    if near[best] < _NEAR:
        return None
    said = (*own, *other)[best]
    name = "repeats_other" if best >= len(own) else "repeats_self"
    if scene.role == "user" and said == scene.opener:
        name = "opener_repeated"
    return Label(detector=name, evidence=f"cosine {near[best]:.2f} to {said}"[:160], severity="error")

"""The detector of turns that say another one again in slightly other words. It needs an embedder, so it is apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from simulator.embeddings.protocol import Embedder, Vectors
from simulator.models.conversation import Label
from simulator.roles.guards.repetition import not_redrafted, to_work_on
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import content_words, goes_on, sentences

__all__ = ["said_before"]

_NEAR = 0.88
"""Cosine from which a turn says what another one said. Turns that go on reach 0.8, and so do free paraphrases."""

_EACH, _ALL = 0.54, 0.65
"""Cosines that every sentence, and all on an average, must have to sentences of one earlier turn of the speaker.

A turn that goes on has a sentence of its own; in a paraphrase each has its like.
"""

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
    if scene.role == "assistant":
        own = () if goes_on(turn, own) else not_redrafted(turn, own)
        other = tuple(text for text in other if not to_work_on(text))
    if not (own or other) or len(content_words(turn)) < _FEWEST:
        return None
    mine = _telling(turn)
    earlier = {text: parts for text in own if len(parts := _telling(text)) > 1} if len(mine) > 1 else {}
    theirs = [sentence for told in earlier.values() for sentence in told]
    vectors = await embedder.embed([turn, *own, *other, *mine, *theirs])
    whole, sentence_rows = vectors[: 1 + len(own) + len(other)], vectors[1 + len(own) + len(other) :]
    near = whole[1:] @ whole[0]
    best = int(near.argmax())
    if near[best] >= _NEAR:
        said, cosine = (*own, *other)[best], float(near[best])
        return _label("repeats_self" if best < len(own) else "repeats_other", said, cosine, scene)
    return _sentence_by_sentence(sentence_rows, len(mine), earlier, scene)


def _sentence_by_sentence(
    parts: Vectors, mine: int, earlier: Mapping[str, Sequence[str]], scene: Scene
) -> Label | None:
    """Find an earlier turn of the speaker in which every sentence of this one has its like.

    Args:
        parts: The vectors of this turn's sentences, and then of those of the earlier turns.
        mine: How many are this turn's.
        earlier: The earlier turns with their sentences.
        scene: What there is of the conversation.
    """
    place = mine
    for text, said in earlier.items():
        like = (parts[:mine] @ parts[place : place + len(said)].T).max(axis=1)
        place += len(said)
        if like.min() >= _EACH and like.mean() >= _ALL:
            return _label("repeats_self", text, float(like.mean()), scene)
    return None


@lru_cache(maxsize=4096)
def _telling(text: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences(text) if content_words(sentence))


def _label(name: str, said: str, cosine: float, scene: Scene) -> Label:
    if scene.role == "user" and said == scene.opener:
        name = "opener_repeated"
    return Label(detector=name, evidence=f"cosine {cosine:.2f} to {said}"[:160], severity="error")

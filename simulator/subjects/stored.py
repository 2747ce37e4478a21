"""An answer of an assistant under test is asked for once (contract 2), be it a model or the user's own code."""

from __future__ import annotations

from simulator.llm.account import accounted, charge_all
from simulator.llm.meter import Meter
from simulator.llm.protocol import ReplyStore
from simulator.models.base import canonical_json, content_hash
from simulator.models.conversation import Spent
from simulator.models.message import Reply
from simulator.subjects.protocol import Answer, Subject, Task

__all__ = ["StoredSubject"]


class StoredSubject:
    """A subject whose answers are kept with the replies of the models, under the hash of its name and the task.

    How it failed is kept as well: a test that is resumed ends as it would have.

    Args:
        subject: Who is asked.
        store: Where answers are kept.
        meter: Where calls are counted.
        stage: The stage that asks.
    """

    def __init__(self, subject: Subject, store: ReplyStore, *, meter: Meter, stage: str) -> None:
        self._subject = subject
        self._store = store
        self._meter = meter
        self._stage = stage

    @property
    def name(self) -> str:
        """The identity of the subject."""
        return self._subject.name

    async def answer(self, task: Task) -> Answer:
        """Return the stored answer, or ask and store it.

        Raises:
            EndpointError: A model's endpoint could not be reached; nothing is stored.
        """
        key = content_hash("subject", self.name, task.model_dump(mode="json"))
        row = self._meter.row(self._stage, "assistant", self.name)
        stored = await self._store.get_reply(key)
        if stored is not None:
            self._meter.reused(row, stored)
            answer = Answer.model_validate_json(stored.text)
            charge_all(answer.spent)
            return answer
        reply: Reply | None = None
        self._meter.started(row)
        try:
            answer = await self._accounted(task)
            # Code without a model is free; what the models inside it cost, only they know.
            free = None if answer.usage.prompt else 0.0
            reply = Reply(text=canonical_json(answer), finish="stop", model=self.name, usage=answer.usage, usd=free)
        finally:
            self._meter.ended(row, reply)
        await self._store.put_reply(key, reply, role="assistant", stage=self._stage)
        charge_all(answer.spent)
        return answer

    async def _accounted(self, task: Task) -> Answer:
        """Return the fresh answer with what it took; what code of the user's costs is known to nobody."""
        with accounted() as account:
            answer = await self._subject.answer(task)
        if not account:
            account = {"assistant": Spent().plus(answer.usage, None if answer.usage.prompt else 0.0)}
        return answer.model_copy(update={"spent": account})

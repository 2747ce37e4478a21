"""A reply is paid for once (contract 2)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from simulator.errors import EndpointError, SixhopError
from simulator.llm.account import charge
from simulator.llm.meter import Meter
from simulator.llm.prices import Price
from simulator.llm.protocol import ChatModel, ReplyStore
from simulator.llm.reading import usable
from simulator.models.message import ChatRequest, Reply

log = logging.getLogger(__name__)
texts = logging.getLogger("simulator.texts")  # at the highest verbosity only: see simulator.runs.journal

__all__ = ["CachedModel", "Flights"]


@dataclass(frozen=True)
class _Landed:
    """How a call that others waited for ended: with a reply, with an error, or (neither) given up by its maker."""

    reply: Reply | None = None
    error: SixhopError | None = None


Flights = dict[str, "asyncio.Future[_Landed]"]
"""Calls in flight by key; share one between all models of a run, so that two roles never pay for the same call."""


class CachedModel:
    """A ``ChatModel`` that asks only for what is not stored.

    A reply is stored before anything is done with it, and whatever it is: a cut, refused or empty one was paid for as
    well. What it is worth is decided afterwards, by the same function for fresh and stored replies.

    Args:
        model: Who is asked.
        store: Where replies are kept.
        role: The role that asks, for the store and the meter.
        stage: The stage that it asks in.
        meter: Where calls are counted.
        flights: The calls in flight, if they are shared with other models.
        price: What the model's tokens cost; ``None`` when nobody knows.
        may_ask: Called before a call is made; raises ``RunStopped`` when there is no budget for it.
    """

    def __init__(
        self,
        model: ChatModel,
        store: ReplyStore,
        *,
        role: str,
        stage: str,
        meter: Meter | None = None,
        flights: Flights | None = None,
        price: Price | None = None,
        may_ask: Callable[[], None] | None = None,
    ) -> None:
        self.meter = meter or Meter()
        self._model = model
        self._store = store
        self._role = role
        self._stage = stage
        self._flights: Flights = {} if flights is None else flights
        self._price = price
        self._may_ask = may_ask

    @property
    def name(self) -> str:
        """The identity of the model that is asked."""
        return self._model.name

    async def reply(self, request: ChatRequest) -> Reply:
        """Return the stored reply, or ask and store it.

        Raises:
            EndpointError: The model did not answer.
            ReplyError: Its reply, fresh or stored, is cut, refused or empty.
            RunStopped: It would have to be asked, and the budget is used up.
        """
        key = request.key(self.name)
        # Looked up before anything is awaited: no second call can slip in between.
        while (flight := self._flights.get(key)) is not None:
            landed = await asyncio.shield(flight)
            if landed.error is not None:
                raise landed.error
            if landed.reply is not None:
                return self._reuse(landed.reply)
        return await self._lead(key, request)

    async def _lead(self, key: str, request: ChatRequest) -> Reply:
        flight: asyncio.Future[_Landed] = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        landed = _Landed()
        try:
            stored = await self._store.get_reply(key)
            reply = stored if stored is not None else await self._ask(request)
            landed = _Landed(reply=reply)  # for those who wait, should this task be cancelled while it is stored
            if stored is None:
                await self._store.put_reply(key, reply, role=self._role, stage=self._stage)
                self._log(key, request, reply)
                charge(self._role, reply)
        except SixhopError as error:
            landed = _Landed(error=error)
            raise
        finally:
            del self._flights[key]
            flight.set_result(landed)
        return usable(reply) if stored is None else self._reuse(reply)

    async def _ask(self, request: ChatRequest) -> Reply:
        if self._may_ask is not None:
            self._may_ask()
        row = self.meter.row(self._stage, self._role, self.name)
        reply: Reply | None = None
        self.meter.started(row)
        try:
            reply = self._priced(await self._model.reply(request))
        except EndpointError as error:
            error.role = error.role or self._role
            raise
        finally:
            self.meter.ended(row, reply)
        return reply

    def _log(self, key: str, request: ChatRequest, reply: Reply) -> None:
        where = {"stage": self._stage, "role": self._role, "model": self.name, "key": key}
        if log.isEnabledFor(logging.DEBUG):
            counts = {"finish": reply.finish, **reply.usage.model_dump()}
            log.debug("a call was answered", extra={**where, **counts})
        if texts.isEnabledFor(logging.DEBUG):
            asked = [message.model_dump() for message in request.messages]
            texts.debug("what was said", extra={**where, "asked": asked, "answered": reply.text})

    def _priced(self, reply: Reply) -> Reply:
        if reply.usd is not None or self._price is None:  # a reply from a batch comes with what it cost
            return reply
        return reply.model_copy(update={"usd": self._price.normal.usd(reply.usage)})

    def _reuse(self, reply: Reply) -> Reply:
        self.meter.reused(self.meter.row(self._stage, self._role, self.name), reply)
        charge(self._role, reply)
        return usable(reply)

"""A language model that is asked through a provider's batch endpoint: for half the money, and some time later.

Requests that arrive together go into one batch; what they lead to (drafts drawn again, repairs) into the next. What
was handed over stands in the ledger before it is handed over, so that a run that was killed collects it instead of
paying for it again.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import EndpointBusy, EndpointError, EndpointRefused, ReplyError, RunStopped, SixhopError
from simulator.llm.batch_api import BatchApi, Line, Status, line_of, missing
from simulator.llm.batch_carrier import BatchCarrier
from simulator.llm.batch_policy import BatchPolicy, BatchStore
from simulator.llm.dialect import TEACHING
from simulator.llm.endpoint import Endpoint
from simulator.llm.prices import Price
from simulator.llm.reading import check_completion
from simulator.models.base import content_id
from simulator.models.batch import Batch
from simulator.models.message import ChatRequest, Reply
from simulator.transport.setback import Answer, of_status

__all__ = ["BatchModel"]

log = logging.getLogger(__name__)


@dataclass
class _Waiting:
    """A request that waits for its reply."""

    request: ChatRequest
    done: asyncio.Future[Reply]
    tries: int = 0


@dataclass
class BatchModel:
    """A ``ChatModel`` on an endpoint's batches, for one role.

    Args:
        endpoint: Who is asked, in batches or, for a few requests, one by one.
        store: Where batches are recorded.
        role: The role that asks.
        stage: The stage that it asks in.
        policy: How requests become batches.
        price: What tokens cost.
        stopping: Why the run is to stop, or ``None``; asked while a batch is waited for.
        tell: Told, in a sentence, what becomes of batches.
    """

    endpoint: Endpoint
    store: BatchStore
    role: str
    stage: str
    policy: BatchPolicy = field(default_factory=BatchPolicy)
    price: Price | None = None
    stopping: Callable[[], str | None] = lambda: None
    tell: Callable[[str], None] = log.info
    _pending: dict[str, _Waiting] = field(default_factory=dict)
    _held: dict[str, _Waiting] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _timer: asyncio.TimerHandle | None = None
    _handed_keys: set[str] = field(default_factory=set)
    _left: dict[str, SixhopError] = field(default_factory=dict)  # why what is with the provider could not be had
    _adopted: bool = False
    _handed: int = 0

    @property
    def name(self) -> str:
        """The identity of the model."""
        return self.endpoint.name

    async def reply(self, request: ChatRequest) -> Reply:
        """Return what the model answered, when the batch that the request went into is done.

        Raises:
            EndpointError: The provider refused the batch or the request, or did not get to it in any of its tries.
            RunStopped: The run is to stop; what is with the provider is collected by the run that goes on.
        """
        self._adopt()
        key = request.key(self.name)
        if key in self._left:  # a second batch of it would be paid for twice
            raise self._left[key]
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        if key in self._handed_keys:
            self._held[key] = waiting
        else:
            self._pending[key] = waiting
            self._hand_over_soon()
        return await waiting.done

    async def aclose(self) -> None:
        """Stop waiting; the batches stay with the provider."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- what earlier executions handed over ---------------------------------------------------------------------

    def _adopt(self) -> None:
        """Begin to collect what an earlier execution handed over."""
        if self._adopted:
            return
        self._adopted = True
        self._handed = self.store.count()
        for batch in self.store.underway(self.name, self.role, self.stage):
            self._handed_keys.update(batch.keys)
            self._start(self._carry(batch))

    # -- from requests to batches --------------------------------------------------------------------------------

    def _hand_over_soon(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        full = len(self._pending) >= self.policy.most
        wait, fewest = (0.0, self.policy.most) if full else (self.policy.linger_s, 1)
        # In a context of its own: what a unit may spend of its time does not bound a batch.
        self._timer = loop.call_later(wait, self._hand_over, fewest, context=contextvars.Context())

    def _hand_over(self, fewest: int) -> None:
        """Hand batches over while at least ``fewest`` requests wait; what is left lingers."""
        reason = self.stopping()
        for key in [key for key, one in self._pending.items() if one.done.done()]:
            del self._pending[key]  # nobody waits for it any more, so nobody is to pay for it
        while self._pending and reason is not None:
            _settle(self._pending.popitem()[1], RunStopped(reason))
        while len(self._pending) >= fewest:
            keys = list(self._pending)[: self.policy.most]
            chosen = {key: self._pending.pop(key) for key in keys}
            if len(chosen) < min(self.policy.least, self.policy.most):
                for key, waiting in chosen.items():
                    self._start(self._ask_alone(key, waiting))
                continue
            self._held.update(chosen)
            self._handed_keys.update(chosen)
            self._handed += 1
            id_ = content_id("b", self.name, self.role, self.stage, keys, self._handed)
            batch = Batch(id=id_, model=self.name, role=self.role, stage=self.stage, keys=tuple(keys))
            self._start(self._carry(batch, {key: one.request for key, one in chosen.items()}))
        if self._pending:
            self._hand_over_soon()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """Let nobody wait for what has broken."""
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        for waiting in (*self._held.values(), *self._pending.values()):
            if not waiting.done.done():
                waiting.done.set_exception(error)

    async def _ask_alone(self, key: str, waiting: _Waiting) -> None:
        try:
            _settle(waiting, await self.endpoint.reply(waiting.request))
        except SixhopError as error:
            _settle(waiting, error)

    # -- one batch, from its submission to its replies ---------------------------------------------------------------

    async def _carry(self, batch: Batch, requests: Mapping[str, ChatRequest] | None = None) -> None:
        carrier = BatchCarrier(self.store, self.policy, self.stopping, self.tell)
        there = requests is None
        try:
            api = BatchApi(await self.endpoint.ready())
            status: Status | None
            if requests is not None:
                batch, lines = await self._filled(batch, requests)
                status = await carrier.submit(api, batch, lines)
                there = True
            else:
                status = await carrier.find(api, batch)
            if status is not None:
                batch, status = await carrier.wait(api, batch, status)
                await self._collect(api, batch, status)
            self._release(batch)
        except SixhopError as error:
            for key in batch.keys:
                self._end(key, error)
            if there:
                self._left.update(dict.fromkeys(batch.keys, error))

    async def _filled(self, batch: Batch, requests: Mapping[str, ChatRequest]) -> tuple[Batch, list[bytes]]:
        """Return the batch with as many of its requests as a provider takes, at least one, and their lines."""
        lines: list[bytes] = []
        room = self.policy.most_mb * 1e6
        for key, request in requests.items():
            line = line_of(key, await self.endpoint.payload(request))
            if lines and len(line) > room:
                break
            lines.append(line)
            room -= len(line)
        self._release(batch.model_copy(update={"keys": batch.keys[len(lines) :]}))
        return batch.model_copy(update={"keys": batch.keys[: len(lines)]}), lines

    async def _collect(self, api: BatchApi, batch: Batch, status: Status) -> None:
        """Store every reply that came, with the end of the batch; then hand the replies over."""
        lines, gone = await self._fetched(api, status)
        replies, flaws = dict[str, Reply](), dict[str, EndpointError | ReplyError]()
        taught = False
        for line in lines:
            if line.status and line.key in self._handed_keys:
                taught = await self._read(line, replies, flaws, taught)
        told = f"{status.status}: {len(replies):,} of {len(batch.keys):,} requests answered"
        told += f", {len(flaws):,} failed" if flaws else ""
        told += f" ({gone or status.told})" if gone or status.told else ""
        state = "failed" if gone or status.status == "failed" else "collected"
        await self.store.put(batch.model_copy(update={"state": state, "told": told}), replies)
        self.tell(f"{self.stage}: the batch {batch.remote} is {told}")
        for key in batch.keys:
            if key in replies:
                self._end(key, replies[key])
            else:
                self._again(key, flaws.get(key) or (EndpointBusy(gone) if gone else missing(batch, status)))

    async def _fetched(self, api: BatchApi, status: Status) -> tuple[list[Line], str]:
        """Return the lines of a batch that is over, and why there are none where its provider has removed them."""
        try:
            return [line for file in (status.output, status.errors) if file for line in await api.lines(file)], ""
        except EndpointRefused as error:
            if error.hopeless:
                raise
            return [], f"its answers are no longer with the provider: {error}"

    async def _read(
        self, line: Line, replies: dict[str, Reply], flaws: dict[str, EndpointError | ReplyError], taught: bool
    ) -> bool:
        """Add what a line says; return whether a refusal has taught how the provider wants to be asked."""
        client = self.endpoint.client
        assert client is not None  # noqa: S101 - for the type checker: the batch was submitted through it
        answer = Answer(line.status, line.body)
        good = 200 <= line.status < 300
        setback = check_completion(answer, client.place) if good else of_status(answer, client.place)
        held = self._held.get(line.key)
        if setback is not None:
            if line.status in TEACHING and held is not None:
                sent = await self.endpoint.payload(held.request)
                taught = taught or self.endpoint.dialect.learn(sent, answer)
            again = setback.again or (taught and line.status in TEACHING)
            flaws[line.key] = EndpointBusy(str(setback.error)) if again else setback.error
            return taught
        reply = self.endpoint.read(line.body, tools=bool(held and held.request.tools))
        if self.price is not None:
            reply = reply.model_copy(update={"usd": self.price.batch.usd(reply.usage)})
        replies[line.key] = reply
        return taught

    def _again(self, key: str, error: EndpointError | ReplyError) -> None:
        """Put a request into the next batch, if another try can help; otherwise it has failed."""
        waiting = self._held.get(key)
        if waiting is None:  # handed over by an earlier execution and not asked for in this one
            self._handed_keys.discard(key)
            return
        waiting.tries += 1
        if not isinstance(error, EndpointBusy) or waiting.tries >= self.policy.tries:
            self._end(key, error)
            return
        self._handed_keys.discard(key)
        self._pending[key] = self._held.pop(key)
        self._hand_over_soon()

    def _release(self, batch: Batch) -> None:
        """Let what was to be in a batch that never was go into the next one."""
        for key in batch.keys:
            self._handed_keys.discard(key)
            if key in self._held:
                self._pending[key] = self._held.pop(key)
                self._hand_over_soon()

    def _end(self, key: str, outcome: Reply | SixhopError) -> None:
        self._handed_keys.discard(key)
        waiting = self._held.pop(key, None)
        if waiting is not None:
            _settle(waiting, outcome)


def _settle(waiting: _Waiting, outcome: Reply | SixhopError) -> None:
    if waiting.done.done():  # nobody waits any more
        return
    if isinstance(outcome, SixhopError):
        waiting.done.set_exception(outcome)
    else:
        waiting.done.set_result(outcome)

"""The fake server of the throughput benchmark, in a process of its own: it says how busy its callers kept it.

    python benchmarks/throughput_server.py --median 1.0 --sigma 0.5

Prints its URL; answers each line of its input with a line of JSON about the requests since the last one; ends with its
input. The first request takes as long as the first of anybody else, the second as the second, and so on: whose prompts come
in another order has no luck with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from simulator.llm.fake_server import FakeServer, lognormal_latency


class Watch:
    """Gives each request its latency and keeps the account.

    Args:
        median_s: Median latency in seconds.
        sigma: Standard deviation of its logarithm.
    """

    def __init__(self, median_s: float, sigma: float) -> None:
        self._latency = lognormal_latency(median_s, sigma)
        self.reset()

    def reset(self) -> None:
        """Start a new account."""
        self.calls, self.busy_s, self.first, self.last = 0, 0.0, 0.0, 0.0
        self.cpu = time.process_time()

    def __call__(self, body: dict[str, Any]) -> float:
        now = time.perf_counter()
        seconds = self._latency({"messages": [self.calls]})
        self.first = self.first or now
        self.last = max(self.last, now + seconds)
        self.calls += 1
        self.busy_s += seconds
        return seconds

    def report(self) -> dict[str, float]:
        """Return calls, seconds between the first request and the last reply, and requests at work on average."""
        seconds = max(self.last - self.first, 1e-9)
        cpu_ms = (time.process_time() - self.cpu) / max(1, self.calls) * 1000
        return {"calls": self.calls, "seconds": seconds, "at_work": self.busy_s / seconds, "server_cpu_ms": cpu_ms}


async def serve(watch: Watch) -> None:
    """Serve until the input ends."""
    async with FakeServer(latency=watch, keep=False) as server:
        print(server.url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(watch.report()), flush=True)
            watch.reset()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--median", type=float, default=1.0)
    parser.add_argument("--sigma", type=float, default=0.5)
    options = parser.parse_args()
    asyncio.run(serve(Watch(options.median, options.sigma)))


if __name__ == "__main__":
    main()

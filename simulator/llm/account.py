"""What a single unit took, whoever was asked within it: an account that follows the unit's own tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from simulator.models.conversation import Spent
from simulator.models.message import Reply

__all__ = ["Account", "accounted", "charge", "charge_all"]

Account = dict[str, Spent]
"""What was spent, by role."""

_open: ContextVar[Account | None] = ContextVar("account", default=None)


@contextmanager
def accounted() -> Iterator[Account]:
    """Open an account for the block; tasks that are started within write to it too."""
    account: Account = {}
    token = _open.set(account)
    try:
        yield account
    finally:
        _open.reset(token)


def charge(role: str, reply: Reply) -> None:
    """Charge ``reply`` to the open account, if there is one. A stored reply costs what it cost when it was made."""
    account = _open.get()
    if account is not None:
        account[role] = account.get(role, Spent()).plus(reply.usage, reply.usd)


def charge_all(spent: Account) -> None:
    """Charge what another account holds to the open account, if there is one."""
    account = _open.get()
    if account is not None:
        for role, one in spent.items():
            account[role] = account.get(role, Spent()) + one

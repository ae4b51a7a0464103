"""A cap in dollars that work stops before, not after.

Before a call goes out, the most that it can cost is held back; when its bill is known, the bill takes the place of
what was held. A call whose answer was lost may have been billed: then the most it can have cost stays counted against
the cap. One ``Budget`` serves a whole run, whatever the number of backends. Amounts are whole
millionths of a millionth of a dollar, rounded up, so that no sum drifts.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from tunewright.errors import InputError

PICO = 1_000_000_000_000


@dataclass(eq=False, slots=True)
class Hold:
    """What is held back for one call, until it is settled once."""

    pico_usd: int
    settled: bool = False


class Budget:
    """Dollars that a run may spend; ``cap_usd`` None is no cap. Safe to use from several threads.

    Raises:
        InputError: the cap is negative or no number.
    """

    def __init__(self, cap_usd: float | None = None) -> None:
        if cap_usd is not None and not (math.isfinite(cap_usd) and cap_usd >= 0):
            raise InputError(
                "budget.cap", f"Not a cap in dollars: {cap_usd}.", hint="Give dollars, 0 or more; 0 spends nothing."
            )
        self.cap_usd = cap_usd
        self._cap = None if cap_usd is None else math.floor(cap_usd * PICO)
        self._spent = 0
        self._unconfirmed = 0
        self._held = 0
        self._lock = threading.Lock()

    @property
    def spent_usd(self) -> float:
        """Dollars of the bills that are known."""
        return self._spent / PICO

    @property
    def unconfirmed_usd(self) -> float:
        """The most that calls without a known bill can have cost."""
        return self._unconfirmed / PICO

    @property
    def held_usd(self) -> float:
        """What is held back for calls in flight."""
        return self._held / PICO

    def reserve(self, most_usd: float) -> Hold | None:
        """Hold back the most that a call can cost; None when it does not fit under the cap now."""
        hold = Hold(math.ceil(most_usd * PICO))
        with self._lock:
            if self._cap is not None and self._spent + self._unconfirmed + self._held + hold.pico_usd > self._cap:
                return None
            self._held += hold.pico_usd
        return hold

    def can_fit_later(self, most_usd: float) -> bool:
        """Whether such a call may fit once the calls in flight are settled."""
        with self._lock:
            counted = self._spent + self._unconfirmed + math.ceil(most_usd * PICO)
            return self._cap is None or counted <= self._cap

    def settle(self, hold: Hold, usd: float | None) -> None:
        """Replace what was held by the bill; None, where it is not known, keeps the most it can have cost counted.

        Settling a second time does nothing: a bill counts once.
        """
        with self._lock:
            if hold.settled:
                return
            hold.settled = True
            self._held -= hold.pico_usd
            if usd is None:
                self._unconfirmed += hold.pico_usd
            else:
                self._spent += math.ceil(usd * PICO)

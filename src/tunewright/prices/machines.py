"""The price of the machine that serves a local model, when the project file states none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MachinePrice:
    """Dollars per hour with where the figure comes from."""

    usd_per_hour: float
    basis: str


# A planning figure, not an offer of any provider: small virtual servers (2 virtual cores, 4 GB) list
# between about 0.02 and 0.06 dollars an hour at the common providers.
SMALL_SERVER = MachinePrice(0.05, "assumed: a small server (2 cores, 4 GB) at $0.05 an hour, as of 2026-11")


def machine_price(stated_usd_per_hour: float | None) -> MachinePrice:
    """The stated price where there is one, else the dated planning figure."""
    if stated_usd_per_hour is None:
        return SMALL_SERVER
    return MachinePrice(stated_usd_per_hour, f"stated: ${stated_usd_per_hour:g} an hour")

"""What one answer costs on a machine that is paid by the hour, from what the machine was measured to serve.

The cost of a hosted call is in ``prices.models`` (``FlatPrice.usd``: each token in one bucket of full price, read from
a cache, written to one, written out). Whole machines for a workload are in ``money``.
"""

from __future__ import annotations

from tunewright.errors import InputError

MEAN_UTILISATION = 0.15  # calls come by day and in waves; a machine that is always full does not exist


def machine_usd_per_call(usd_per_hour: float, calls_per_second: float, utilisation: float = MEAN_UTILISATION) -> float:
    """Dollars per call: ``usd_per_hour / (3600 x calls per second x utilisation)``.

    ``calls_per_second`` is what the machine serves within the latency that is asked for; ``utilisation`` the share of
    it that is used in the mean.

    Raises:
        InputError: a rate that is not above 0, or a utilisation outside (0, 1].
    """
    if calls_per_second <= 0 or not 0 < utilisation <= 1:
        message = "Calls per second must be above 0 and utilisation between 0 and 1."
        raise InputError("money.per_call", message, where="calls_per_second, utilisation")
    return usd_per_hour / (3600 * calls_per_second * utilisation)


def calls_that_pay_a_machine(usd_per_hour: float, usd_per_call: float, hours_per_month: float = 730.0) -> float:
    """Calls a month from which a machine that runs all the time is cheaper than paying for each call."""
    return usd_per_hour * hours_per_month / usd_per_call

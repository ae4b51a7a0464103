"""What stands beside the decision of a run: overfitting seen, parts of the cases, measures of all answers, shares of
the reachable gain.

Nothing here decides. ``conclude`` calls what needs score rows alone, so that ``tunewright verdict`` has it too; ``run``
calls ``learned``, which asks the fitted systems for some rows they learned from.
"""

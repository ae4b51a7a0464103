"""Pure functions on arrays: tests, intervals, power, scores of classifiers.

No files, clocks or global randomness; numpy and scipy alone. Nothing here decides anything: ``decision`` does.
"""

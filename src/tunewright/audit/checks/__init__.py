"""One file per check. A file is found by listing this folder; names that begin with an underscore are helpers.

A check says ``NAME``, ``TITLE``, ``QUALITY``, ``COST``, ``VERSION`` (raised whenever its answers may change) and
``LIMITS`` (its thresholds by name, which a person may overrule). It is one of two kinds, see ``registry``:

- a check of rows, one at a time: ``look(example, limits)`` and ``conclude(view, found, limits)``;
- a check of the set: ``run(view, limits)``.
"""

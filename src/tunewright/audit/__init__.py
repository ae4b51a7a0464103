"""The audit: what is wrong with a set of examples, shown row by row, with a fix for each.

``findings`` are the words of a check, ``view`` is what a check may look at, ``checks/`` holds one file per check,
``registry`` lists them and ``run`` runs them. Reading, writing and deciding live elsewhere.
"""

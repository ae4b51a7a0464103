"""Personal data and secrets: finding them, standing in for them, and keeping apart what stood there.

One file per family of recognisers, each a pure ``find(text)`` that gives hits; ``recognise`` runs them together.
``names`` and ``ids_learned`` also learn from all rows at once. ``pseudonyms``, ``redaction`` and ``vault`` make a copy
without the values and keep these encrypted elsewhere. Nothing here needs a model or a network; ``presidio`` is an
optional extra.
"""

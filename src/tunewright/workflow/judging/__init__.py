"""Language models that judge, as instruments: which answers people judge, what they said, whether the judge passes.

``panel`` is what a run calls; ``desk`` and ``sheet`` are where ``tunewright label --judgements`` collects judgements.
"""

"""From scores to a verdict: comparisons, gates, headline, what to use, target, plan, money.

Pure functions of what they are handed. ``verdict.decide`` is the way in; ``plan`` and ``money`` are asked before it.
"""

"""Row types and protocols that every floor shares: examples, answers, systems, the verdict document.

Only data and their invariants live here; nothing reads a file, a clock or a network.
"""

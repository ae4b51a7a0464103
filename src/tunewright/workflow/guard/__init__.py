"""What else must not break: the fine-tune held against what it is made from, on all but the job's own score.

``job.py`` is the whole work, readable top to bottom; ``rule.py`` says when a guard holds. Called by the command
``guard``.
"""

"""Graders: one file each, ``grade(answer, target, labels) -> Grade``; found by file name."""

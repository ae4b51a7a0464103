"""Asking systems, grading answers, measuring time. The statistics of the scores live above and below, not here."""

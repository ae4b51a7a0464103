"""Answers and scores that somebody else made: tables and logs, graded and compared."""

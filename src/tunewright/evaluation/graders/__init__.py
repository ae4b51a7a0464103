"""Graders, one file each: what an answer is worth against its target. So far there is one, ``label``."""

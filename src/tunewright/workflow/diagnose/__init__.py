"""Diagnosis: which lever would fix which errors of the best system, and what people say went wrong in them.

``job`` is the way in and reads from top to bottom; ``bench`` holds what every lever works on; each lever is a file.
"""

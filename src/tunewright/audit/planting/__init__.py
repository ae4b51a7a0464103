"""Defects to plant, one file for each family. A file is found by listing this folder; helpers begin with an underscore.

A file has ``DEFECTS``, a tuple of ``Defect``. Planting is pure: a copy with the defect in it and the ids of what was
planted; the input is never touched. Called by ``audit.planted``, which runs the checks on the copies.
"""

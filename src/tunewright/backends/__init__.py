"""Backends: text in, text out, usage counted. One file per place where a model can run.

Every backend speaks the words of ``records.generation``. A backend knows no task, no prompt and no grade; systems
compose messages and read replies.
"""

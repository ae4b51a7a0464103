"""A folder of documents that can be searched: read, split, indexed, and shown to whom it may be shown.

A neighbour of ``data`` and ``store``: it knows nothing of examples or systems. ``library.Library`` is the way in.
"""

"""Systems: one file per kind. A system names others by id, never by import.

A kind is a module of this folder, or of another package under the entry point group ``tunewright.systems``, with
``SUMMARY``, ``OPTIONS`` and ``build(name, argument, options, root) -> System``. It is imported when it is used.
"""

"""People's own code in a process of its own: spawned, with a stripped environment and limits of time and memory.

This protects against accidents (endless loops, memory, a crash), not against malice: it is no security boundary.
"""

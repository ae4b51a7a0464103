"""``tunewright.yaml``: its fields, reading, writing."""

"""What the system ``tools`` is made of."""

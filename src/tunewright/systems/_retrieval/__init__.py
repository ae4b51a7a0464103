"""What the system ``retrieval`` is made of."""

"""What the system ``optimised_prompt`` is made of."""

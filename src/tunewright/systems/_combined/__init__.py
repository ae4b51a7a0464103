"""Systems made of others: their members, and what ``cascade`` and ``pipeline`` add."""

"""Dated prices. An unknown price is unpriced, never 0; a person's own price always wins."""

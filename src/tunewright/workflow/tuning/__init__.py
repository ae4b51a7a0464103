"""``tunewright train`` and ``merge``: only the fine-tune, without a comparison."""

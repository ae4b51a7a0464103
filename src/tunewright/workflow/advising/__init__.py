"""What to try, what it takes and what it could prove: advice before a run, after an audit, after a run."""

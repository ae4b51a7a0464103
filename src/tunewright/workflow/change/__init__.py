"""What a change costs each system: hold one category out, put it back, and count what it takes until it works again."""

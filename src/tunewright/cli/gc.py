def command() -> None:
    """(being written)"""

"""A file of tools as a person writes one; tests put functions of their own in the place of its process."""


def contract(customer: str) -> str:
    """The contract of a customer."""
    return customer

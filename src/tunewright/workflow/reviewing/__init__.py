"""A person decides row by row: review, labelling, which row next, versions of the data."""

"""The learning curve of a system: which rows it learns from at which size, the trainings, the answer in words."""

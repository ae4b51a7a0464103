"""The recipe of Wren, the small base decoder: corpus, tokenizer, tasks, training, evaluation, export.

Not part of the wheel. Every step is a module run as ``python -m pretraining.<step>``; ``make wren`` runs them in order.
"""

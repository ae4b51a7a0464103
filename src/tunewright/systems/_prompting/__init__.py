"""What systems that ask a language model share."""

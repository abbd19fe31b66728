"""Answers drawn for a person; imported only when one looks, because Rich takes its time."""

"""Tasks and messages as a person or a pipe reads them."""

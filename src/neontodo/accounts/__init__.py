"""Who the user is: accounts, keys and tokens, stored secrets, and sharing a database."""

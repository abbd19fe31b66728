"""Who the user is: tokens, keys, and where secrets lie."""

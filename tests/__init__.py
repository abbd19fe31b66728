"""The tests of neontodo."""

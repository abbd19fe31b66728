"""The tests of the tests: the Postgres server, and the rule against skips."""

"""A shared Postgres database: its members, their rights, and how they join and leave."""

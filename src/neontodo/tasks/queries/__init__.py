"""The only statements that touch a user's rows; each takes the user and filters by it."""

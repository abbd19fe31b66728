"""Issuers of tokens: Better Auth and Neon Auth, their keys, and signing in at them."""

"""What is printed, whole and exact, on terminals and in pipes."""

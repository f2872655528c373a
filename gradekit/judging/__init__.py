"""Hidden tests, and what their verdicts mean."""

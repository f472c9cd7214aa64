"""Chapter 17, the tests. The answers: ch17_limits.py of a workspace."""

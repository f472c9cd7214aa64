"""Which pixels a prediction hangs on, and whether such maps mean anything."""

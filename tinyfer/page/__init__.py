"""The page on which a network answers as one plays: a server for one user, and what it answers."""

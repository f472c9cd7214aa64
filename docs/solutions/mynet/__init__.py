"""My own network, written chapter by chapter; each file is one piece. See ../README.md."""

"""Photographs: the faces in them, found and read."""

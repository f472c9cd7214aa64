"""The commands a user runs, one file each: `tinyfer NAME ...`."""

"""tinyfer: a facial-expression network one can read from end to end."""

"""What the operator creates for a Function, as plain dictionaries. Pure."""

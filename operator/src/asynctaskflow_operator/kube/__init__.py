"""How the operator talks to the API server: one port, one budget, one lease."""

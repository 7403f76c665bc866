"""One module per group of commands; the table in ``main`` names them."""

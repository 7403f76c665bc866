"""What the exchange of the showcase knows, and what goes wrong with some of it."""

CLOSED, FLAKY, GONE = "DOWN", "BUSY", "LOST"
PRICES = {
    "ACME": 101.5,
    "BOLT": 8.25,
    "CIRC": 44.0,
    "DUNE": 310.75,
    "ELMS": 27.9,
    CLOSED: 12.4,
    FLAKY: 63.1,
}

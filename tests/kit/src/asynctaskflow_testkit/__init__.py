"""What the tests and benchmarks share: real servers, faults, waiting, a ledger, and the law book."""

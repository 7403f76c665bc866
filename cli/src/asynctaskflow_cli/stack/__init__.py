"""The whole system on one machine: server, API, and workers that scale like in a cluster."""

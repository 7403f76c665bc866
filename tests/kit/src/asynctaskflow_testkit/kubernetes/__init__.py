"""A real Kubernetes of one node on this machine: built from source, started and stopped by the tests themselves.

For machines with root and Go but neither Docker nor a cluster. Everything runs in a network namespace of its own, so
nothing of it can be reached from outside the machine, nor reach out.
"""

"""The ``atf`` command and the local stack."""

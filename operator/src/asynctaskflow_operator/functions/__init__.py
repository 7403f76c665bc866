"""Functions: what is created for them, what is known of them, how they end, what their status says."""

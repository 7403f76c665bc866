"""A function that has something to show: it calls a service that is slow, limits rates and is sometimes away."""

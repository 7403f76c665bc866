"""External services: their specs to Redis, their breaker and limiter state to status."""

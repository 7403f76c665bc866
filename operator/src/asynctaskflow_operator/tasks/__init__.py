"""``Task`` resources: submitted to Redis, kept true, made for tasks that came over REST, deleted in time."""

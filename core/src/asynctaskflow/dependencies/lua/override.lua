-- override: a person's word; open or closed until told otherwise, Auto starts afresh and closed.
-- ARGV: Auto | ForceOpen | ForceClosed, reason without "|"
-- Returns: {1 if known, 1 if the breaker turned, status}
-- Invariant: only this script and register change the override; it outlives every worker.
if not rules.window then return {0, 0, breaker.status} end
return {1, force(ARGV[1], ARGV[2]), breaker.status}

-- delete: remove a task and its data, whatever its state.
-- ARGV: uuid
-- Returns: {OK | MISSING, state it had, input_ref, result_ref}
-- Invariant: nothing of the task stays but a list entry that a claim skips; a running worker's lease is lost.
local state = call('HGET', TASK .. ARGV[1], 'state')
if not state then return {MISSING, '', '', ''} end
return {OK, state, erase(ARGV[1])}

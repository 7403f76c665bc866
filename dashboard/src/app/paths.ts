/** The dashboard's own addresses; `asynctaskflow_api/dashboard.py` serves just these, a test compares the two. */
export const PAGES = [
  "/",
  "/tasks",
  "/tasks/$task_id",
  "/functions",
  "/functions/$name",
  "/dead-letters",
  "/workers",
  "/dependencies",
  "/activity",
  "/cleanup",
  "/api-reference",
] as const;

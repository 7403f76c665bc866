import type { components } from "@schema";

/** Short names of the API's own shapes; nothing here is written by hand twice. */
type Schemas = components["schemas"];

export type TaskState = Schemas["TaskState"];
export type TaskSummary = Schemas["TaskSummary"];
export type TaskDetail = Schemas["TaskDetail"];
export type TaskPage = Schemas["TaskSummaryListResponse"];
export type FailedAttempt = Schemas["FailedAttempt"];
export type QueueStatus = Schemas["QueueStatus"];
export type FunctionDepths = Schemas["FunctionDepths"];
export type ListedFunction = Schemas["ListedFunction"];
export type FunctionDetail = Schemas["FunctionDetail"];
export type Throughput = Schemas["Throughput"];
export type Worker = Schemas["WorkerModel"];
export type Dependency = Schemas["DependencyModel"];
export type BreakerTransition = Schemas["TransitionModel"];
export type CallDay = Schemas["CallDayModel"];
export type Breaker = Schemas["BreakerModel"];
export type Limiter = Schemas["LimiterModel"];
export type ScalingDecision = Schemas["ScalingDecision"];
export type LoadHistory = Schemas["LoadHistory"];
export type FunctionDecision = Schemas["FunctionDecision"];
export type ScalingHistory = Schemas["ScalingHistory"];
export type ClusterFacts = Schemas["ClusterFacts"];
export type ClusterCondition = Schemas["ClusterCondition"];
export type ClusterPod = Schemas["ClusterPod"];
export type ClusterEvent = Schemas["ClusterEvent"];
export type DlqGroup = Schemas["DlqGroup"];
export type BulkAction = Schemas["BulkAction"];
export type BulkOutcome = Schemas["BulkActionResponse"];
export type Role = Schemas["Me"]["role"];
export type Transition = Schemas["FeedEvent"];
export type RecentEvents = Schemas["RecentEvents"];
export type FieldError = Schemas["FieldError"];
export type Problem = Schemas["Problem"];

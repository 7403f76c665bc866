import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readActivitySearch } from "@/model/activitySearch";
import { readTaskSearch } from "@/model/taskSearch";
import { readWordSearch } from "@/model/wordSearch";
import { OverviewScreen } from "@/screens/overview/OverviewScreen";
import { Loading } from "@/ui/QueryView";
import { NotFound } from "./NotFound";
import { Shell } from "./Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const overview = createRoute({ getParentRoute: () => root, path: "/", component: OverviewScreen });
const tasks = createRoute({
  getParentRoute: () => root,
  path: "/tasks",
  validateSearch: readTaskSearch,
  component: lazyRouteComponent(() => import("@/screens/tasks/TasksScreen"), "TasksScreen"),
});
const task = createRoute({
  getParentRoute: () => root,
  path: "/tasks/$task_id",
  component: lazyRouteComponent(() => import("@/screens/task/TaskScreen"), "TaskScreen"),
});
const functions = createRoute({
  getParentRoute: () => root,
  path: "/functions",
  validateSearch: readWordSearch,
  component: lazyRouteComponent(() => import("@/screens/functions/FunctionsScreen"), "FunctionsScreen"),
});
const oneFunction = createRoute({
  getParentRoute: () => root,
  path: "/functions/$name",
  component: lazyRouteComponent(() => import("@/screens/function/FunctionScreen"), "FunctionScreen"),
});
const deadLetters = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters",
  component: lazyRouteComponent(() => import("@/screens/deadLetters/DeadLettersScreen"), "DeadLettersScreen"),
});
const workers = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  component: lazyRouteComponent(() => import("@/screens/workers/WorkersScreen"), "WorkersScreen"),
});
const dependencies = createRoute({
  getParentRoute: () => root,
  path: "/dependencies",
  component: lazyRouteComponent(
    () => import("@/screens/dependencies/DependenciesScreen"),
    "DependenciesScreen",
  ),
});
const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  validateSearch: readActivitySearch,
  component: lazyRouteComponent(() => import("@/screens/activity/ActivityScreen"), "ActivityScreen"),
});
const cleanup = createRoute({
  getParentRoute: () => root,
  path: "/cleanup",
  component: lazyRouteComponent(() => import("@/screens/cleanup/CleanupScreen"), "CleanupScreen"),
});
const apiReference = createRoute({
  getParentRoute: () => root,
  path: "/api-reference",
  validateSearch: readWordSearch,
  component: lazyRouteComponent(
    () => import("@/screens/apiReference/ApiReferenceScreen"),
    "ApiReferenceScreen",
  ),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    tasks,
    task,
    functions,
    oneFunction,
    deadLetters,
    workers,
    dependencies,
    activity,
    cleanup,
    apiReference,
  ]),
  defaultPreload: "intent",
  defaultPendingComponent: () => <Loading lines={6} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

import {
  Activity,
  BookOpen,
  Boxes,
  Cpu,
  LayoutDashboard,
  ListTodo,
  type LucideIcon,
  PlugZap,
  Recycle,
  Skull,
} from "lucide-react";

export interface Place {
  to:
    | "/"
    | "/tasks"
    | "/functions"
    | "/dead-letters"
    | "/workers"
    | "/dependencies"
    | "/activity"
    | "/cleanup"
    | "/api-reference";
  label: string;
  /** After `g`. */
  letter: string;
  Icon: LucideIcon;
}

export const PLACES: readonly Place[] = [
  { to: "/", label: "Overview", letter: "o", Icon: LayoutDashboard },
  { to: "/tasks", label: "Tasks", letter: "t", Icon: ListTodo },
  { to: "/functions", label: "Functions", letter: "f", Icon: Boxes },
  { to: "/dead-letters", label: "Dead letters", letter: "d", Icon: Skull },
  { to: "/workers", label: "Workers", letter: "w", Icon: Cpu },
  { to: "/dependencies", label: "Dependencies", letter: "e", Icon: PlugZap },
  { to: "/activity", label: "Activity", letter: "a", Icon: Activity },
  { to: "/cleanup", label: "Cleanup", letter: "c", Icon: Recycle },
  { to: "/api-reference", label: "API", letter: "p", Icon: BookOpen },
];

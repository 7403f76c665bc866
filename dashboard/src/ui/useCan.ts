import { useMe } from "@/api/queries";
import type { Role } from "@/api/types";

const RANK: Readonly<Record<Role, number>> = { read: 1, write: 2, admin: 3 };

/** Whether this credential may do what needs that role; what it may not do is not offered. */
export function useCan(role: Role): boolean {
  const { data: me } = useMe();
  return me !== undefined && RANK[me.role] >= RANK[role];
}

import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { Button } from "./Button";
import css from "./Toaster.module.css";

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

const SHOWN_MS = 6_000;
let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function become(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function dismiss(id: number): void {
  become(toasts.filter((toast) => toast.id !== id));
}

function show(text: string, isBad: boolean): void {
  const id = ++lastId;
  become([...toasts.slice(-2), { id, text, isBad }]);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Says that something was done. */
export const notify = (text: string): void => show(text, false);
/** Says that something was not done, and why. */
export const complain = (error: Error): void => show(error.message, true);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toaster() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className={css.toaster} aria-live="polite" role="status">
      {shown.map((toast) => (
        <div key={toast.id} className={css.toast}>
          <span className={toast.isBad ? css.bad : css.good}>
            {toast.isBad ? (
              <TriangleAlert size={16} aria-hidden="true" />
            ) : (
              <CircleCheck size={16} aria-hidden="true" />
            )}
          </span>
          <span>{toast.text}</span>
          <Button
            look="quiet"
            aria-label="Dismiss"
            icon={<X size={14} />}
            onClick={() => dismiss(toast.id)}
          />
        </div>
      ))}
    </div>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { Ban, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { type TaskAct, useTaskAct } from "@/api/mutations";
import type { TaskDetail } from "@/api/types";
import { canCancel, canRetry } from "@/model/states";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { complain, notify } from "@/ui/Toaster";
import { useCan } from "@/ui/useCan";

const DONE: Readonly<Record<TaskAct, string>> = {
  retry: "The task is queued again.",
  cancel: "The task is cancelled.",
  delete: "The task is deleted.",
};

export function TaskActions({ task }: { task: TaskDetail }) {
  const can = useCan("write");
  const navigate = useNavigate();
  const { mutate, isPending } = useTaskAct(task.task_id);
  const [confirming, setConfirming] = useState<"cancel" | "delete" | null>(null);
  if (!can) return null;

  const act = (what: TaskAct) =>
    mutate(what, {
      onSuccess: () => {
        notify(DONE[what]);
        setConfirming(null);
        if (what === "delete") void navigate({ to: "/tasks" });
      },
      onError: complain,
    });
  return (
    <>
      {canRetry(task.state) && (
        <Button
          look="primary"
          icon={<RotateCcw size={14} aria-hidden="true" />}
          disabled={isPending}
          onClick={() => act("retry")}
        >
          Retry
        </Button>
      )}
      {canCancel(task.state) && (
        <Button icon={<Ban size={14} aria-hidden="true" />} onClick={() => setConfirming("cancel")}>
          Cancel
        </Button>
      )}
      <Button
        look="danger"
        icon={<Trash2 size={14} aria-hidden="true" />}
        onClick={() => setConfirming("delete")}
      >
        Delete
      </Button>
      {confirming && (
        <Confirm what={confirming} isPending={isPending} onClose={() => setConfirming(null)} act={act} />
      )}
    </>
  );
}

interface ConfirmProps {
  what: "cancel" | "delete";
  isPending: boolean;
  onClose: () => void;
  act: (what: TaskAct) => void;
}

function Confirm({ what, isPending, onClose, act }: ConfirmProps) {
  const words = {
    cancel: {
      title: "Cancel this task?",
      verb: "Cancel the task",
      text: "Whatever it still returns is not stored.",
    },
    delete: {
      title: "Delete this task?",
      verb: "Delete the task",
      text: "Its input and result are deleted too.",
    },
  }[what];
  return (
    <Dialog
      title={words.title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button look="primary" disabled={isPending} onClick={() => act(what)}>
            {words.verb}
          </Button>
        </>
      }
    >
      <p>{words.text}</p>
    </Dialog>
  );
}

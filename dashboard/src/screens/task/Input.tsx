import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { fetchTaskUpload } from "@/api/queries";
import type { TaskDetail } from "@/api/types";
import { bytes } from "@/format/numbers";
import { namedUploads, savedName } from "@/model/paper";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { JsonView } from "@/ui/JsonView";
import { complain } from "@/ui/Toaster";

export function Input({ task }: { task: TaskDetail }) {
  const uploads = namedUploads(task.input);
  return (
    <Card
      title="Input"
      hint={task.content_length ? bytes(task.content_length) : undefined}
      actions={uploads.map((field) => <DownloadUpload key={field} task={task} field={field} />)}
    >
      <JsonView value={task.input} label="input" />
    </Card>
  );
}

function DownloadUpload({ task, field }: { task: TaskDetail; field: string }) {
  const { mutate, isPending } = useMutation({
    mutationFn: () => fetchTaskUpload(task.task_id, field),
    onSuccess: (file) => save(file, savedName(task.input, field)),
    onError: complain,
  });
  return (
    <Button
      icon={<Download size={14} aria-hidden="true" />}
      aria-label={`Download ${savedName(task.input, field)}`}
      disabled={isPending}
      onClick={() => mutate()}
    >
      Download
    </Button>
  );
}

/** Hands a file to the browser's downloads; it is never opened here. */
function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "./Button";

const THANKS_MS = 1500;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), THANKS_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      look="quiet"
      aria-label={copied ? "Copied" : label}
      title={label}
      icon={copied ? <Check size={14} /> : <Copy size={14} />}
      onClick={() => navigator.clipboard.writeText(text).then(() => setCopied(true))}
    />
  );
}

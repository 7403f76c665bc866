import { useNavigate } from "@tanstack/react-router";
import { ArrowRight, Boxes, Hash, Search } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { useFunctions } from "@/api/queries";
import { setPreferences } from "@/preferences/preferences";
import { Dialog } from "@/ui/Dialog";
import { PLACES } from "./navigation";
import css from "./Palette.module.css";
import { matching, taskIdIn } from "./paletteMatch";

interface Entry {
  label: string;
  hint: string;
  icon: React.ReactNode;
  act: () => unknown;
}

/** Everything that can be gone to or done, by a few letters of its name. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const entries = useEntries(text);
  const current = Math.min(chosen, entries.length - 1);

  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.act();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") run(entries[current]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    setChosen((current + step + entries.length) % Math.max(1, entries.length));
  };
  return (
    <Dialog title="Go to" onClose={onClose}>
      <div className={css.field}>
        <Search size={16} aria-hidden="true" />
        <input
          autoFocus
          role="combobox"
          aria-label="Search"
          aria-expanded="true"
          aria-controls="palette"
          aria-activedescendant={entries[current] ? `palette-${current}` : undefined}
          placeholder="A screen, a function, a task id…"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      <div id="palette" role="listbox" aria-label="Matches" className={css.list}>
        {entries.map((entry, position) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the focus and the keys
          <div
            key={entry.label}
            id={`palette-${position}`}
            role="option"
            tabIndex={-1}
            aria-selected={position === current}
            className={css.entry}
            onClick={() => run(entry)}
          >
            {entry.icon}
            {entry.label}
            <span className={css.hint}>{entry.hint}</span>
          </div>
        ))}
        {entries.length === 0 && <p className="soft">Nothing has such a name.</p>}
      </div>
    </Dialog>
  );
}

function useEntries(text: string): Entry[] {
  const navigate = useNavigate();
  const { data: functions = [] } = useFunctions();
  const taskId = taskIdIn(text);
  const task: Entry[] = taskId
    ? [
        {
          label: taskId,
          hint: "task",
          icon: <Hash size={16} aria-hidden="true" />,
          act: () => navigate({ to: "/tasks/$task_id", params: { task_id: taskId } }),
        },
      ]
    : [];
  const places = PLACES.map(({ to, label, letter, Icon }) => ({
    label,
    hint: `g ${letter}`,
    icon: <Icon size={16} aria-hidden="true" />,
    act: () => navigate({ to }),
  }));
  const named = functions.map(({ name }) => ({
    label: name,
    hint: "function",
    icon: <Boxes size={16} aria-hidden="true" />,
    act: () => navigate({ to: "/functions/$name", params: { name } }),
  }));
  const themes = (["light", "dark", "system"] as const).map((theme) => ({
    label: `Theme: ${theme}`,
    hint: "setting",
    icon: <ArrowRight size={16} aria-hidden="true" />,
    act: () => setPreferences({ theme }),
  }));
  return [...task, ...matching([...places, ...named, ...themes], text)];
}

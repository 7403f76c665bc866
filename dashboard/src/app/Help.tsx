import { Dialog } from "@/ui/Dialog";
import css from "./Help.module.css";
import { PLACES } from "./navigation";

const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ["Ctrl K", "Search, or jump anywhere"],
  ["/", "Go to the page's search field"],
  ["j  k", "Next and previous row; Enter opens it"],
  ["?", "This list"],
  ["Esc", "Close what is open"],
  ...PLACES.map((place) => [`g ${place.letter}`, place.label] as const),
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className={css.keys}>
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

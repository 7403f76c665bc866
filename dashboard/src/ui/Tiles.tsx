import { Link } from "@tanstack/react-router";
import type { TaskSearch } from "@/model/taskSearch";
import css from "./Tiles.module.css";

export interface TileOf {
  label: string;
  value: string;
  note: string;
  /** The tasks that it counts, if it counts tasks. */
  search?: TaskSearch;
  isBad?: boolean;
}

/** A few large numbers; those that count tasks lead to them. */
export function Tiles({ tiles }: { tiles: readonly TileOf[] }) {
  return (
    <ul className={css.tiles}>
      {tiles.map((tile) => (
        <li key={tile.label}>
          {tile.search ? (
            <Link to="/tasks" search={tile.search} className={css.tile}>
              <Inside tile={tile} />
            </Link>
          ) : (
            <div className={css.tile}>
              <Inside tile={tile} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

function Inside({ tile }: { tile: TileOf }) {
  return (
    <>
      <span className={css.label}>{tile.label}</span>
      <span className={`${css.value} ${tile.isBad ? css.bad : ""}`}>{tile.value}</span>
      <span className={css.note}>{tile.note}</span>
    </>
  );
}

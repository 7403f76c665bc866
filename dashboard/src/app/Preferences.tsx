import { readCredential } from "@/api/credential";
import { useMe } from "@/api/queries";
import { setPreferences, usePreferences } from "@/preferences/preferences";
import { Dialog } from "@/ui/Dialog";
import { Segments } from "@/ui/Segments";
import css from "./Preferences.module.css";
import { SignOut } from "./SignIn";

const THEMES = [
  { value: "system", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;
const ZONES = [
  { value: "local", label: "Local" },
  { value: "utc", label: "UTC" },
] as const;
const DENSITIES = [
  { value: "comfortable", label: "Comfortable" },
  { value: "compact", label: "Compact" },
] as const;

export function Preferences({ onClose }: { onClose: () => void }) {
  const { theme, zone, density } = usePreferences();
  const { data: me } = useMe();
  return (
    <Dialog title="Settings" onClose={onClose}>
      <div className={css.settings}>
        <Line name="Theme" hint="Of this browser">
          <Segments
            label="Theme"
            choices={THEMES}
            value={theme}
            onChange={(one) => setPreferences({ theme: one })}
          />
        </Line>
        <Line name="Times" hint="On every screen and chart">
          <Segments
            label="Times"
            choices={ZONES}
            value={zone}
            onChange={(one) => setPreferences({ zone: one })}
          />
        </Line>
        <Line name="Density" hint="Height of rows">
          <Segments
            label="Density"
            choices={DENSITIES}
            value={density}
            onChange={(one) => setPreferences({ density: one })}
          />
        </Line>
        <Line name="Signed in as" hint={me ? `Role: ${me.role}` : ""}>
          <span>{me?.name ?? "–"}</span>
          {readCredential() && <SignOut />}
        </Line>
      </div>
    </Dialog>
  );
}

function Line({ name, hint, children }: { name: string; hint: string; children: React.ReactNode }) {
  return (
    <div className={css.line}>
      <div>
        <strong>{name}</strong>
        <div className="soft">{hint}</div>
      </div>
      <div className={css.value}>{children}</div>
    </div>
  );
}

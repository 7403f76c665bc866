import { Outlet, useRouterState } from "@tanstack/react-router";
import { Menu, Search, Settings } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useMe } from "@/api/queries";
import { useFeedStatus } from "@/live/LiveProvider";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Toaster } from "@/ui/Toaster";
import { Freshness } from "./Freshness";
import { Help } from "./Help";
import { Palette } from "./Palette";
import { Preferences } from "./Preferences";
import css from "./Shell.module.css";
import { Sidebar } from "./Sidebar";
import { SignIn } from "./SignIn";
import { useShortcuts } from "./useShortcuts";

type Opened = "palette" | "help" | "settings" | "menu" | null;

/** What surrounds every screen. */
export function Shell() {
  const [opened, setOpened] = useState<Opened>(null);
  const open = useCallback((what: Opened) => setOpened(what), []);
  const close = useCallback(() => setOpened(null), []);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useShortcuts(open);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever is open closes when the page changes
  useEffect(close, [path]);

  return (
    <div className={css.shell}>
      <a href="#content" className={css.skip}>
        Skip to the content
      </a>
      <aside className={css.side}>
        <Sidebar />
      </aside>
      <div className={css.main}>
        <header className={css.bar}>
          <Button
            look="quiet"
            className={css.menu}
            aria-label="Menu"
            icon={<Menu size={18} />}
            onClick={() => open("menu")}
          />
          <button type="button" className={css.search} onClick={() => open("palette")}>
            <Search size={15} aria-hidden="true" />
            <span>Search or jump to…</span>
            <kbd>Ctrl K</kbd>
          </button>
          <div className={css.right}>
            <ReadOnly />
            <Freshness />
            <Button
              look="quiet"
              aria-label="Settings"
              icon={<Settings size={17} />}
              onClick={() => open("settings")}
            />
          </div>
        </header>
        <main id="content" className={css.content} tabIndex={-1}>
          <SignedIn>
            <Outlet />
          </SignedIn>
        </main>
      </div>
      {opened === "palette" && <Palette onClose={close} />}
      {opened === "help" && <Help onClose={close} />}
      {opened === "settings" && <Preferences onClose={close} />}
      {opened === "menu" && (
        <Dialog title="AsyncTaskFlow" onClose={close} side>
          <Sidebar />
        </Dialog>
      )}
      <Toaster />
    </div>
  );
}

function SignedIn({ children }: { children: React.ReactNode }) {
  const status = useFeedStatus();
  return status === "refused" ? <SignIn /> : children;
}

function ReadOnly() {
  const { data: me } = useMe();
  return me?.role === "read" ? <span className={css.readOnly}>Read only</span> : null;
}

import { useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type SubmitEvent, useState } from "react";
import { clearCredential, readCredential, storeCredential } from "@/api/credential";
import { useFeed } from "@/live/LiveProvider";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import controls from "@/ui/controls.module.css";
import css from "./SignIn.module.css";

/** Asks for an API key when the API refuses to go on without one. */
export function SignIn() {
  const feed = useFeed();
  const cache = useQueryClient();
  const [wasRefused] = useState(readCredential() !== "");
  const signIn = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    storeCredential(String(new FormData(event.currentTarget).get("key")).trim());
    feed.restart();
    void cache.resetQueries();
  };
  return (
    <div className={css.page}>
      <Card title="Sign in">
        <form onSubmit={signIn} className={css.form}>
          <label htmlFor="key">API key</label>
          <input
            id="key"
            name="key"
            type="password"
            required
            autoComplete="off"
            placeholder="atf_…"
            className={controls.control}
          />
          {wasRefused && <p role="alert">The API does not accept this.</p>}
          <p className="soft">
            Or a Kubernetes token, where this installation takes them. It is kept in this tab until you close
            it, and sent to this API only.
          </p>
          <Button type="submit" look="primary" icon={<KeyRound size={15} />}>
            Sign in
          </Button>
        </form>
      </Card>
    </div>
  );
}

export function SignOut() {
  const feed = useFeed();
  const cache = useQueryClient();
  const signOut = () => {
    clearCredential();
    cache.clear();
    feed.restart();
  };
  return <Button onClick={signOut}>Sign out</Button>;
}

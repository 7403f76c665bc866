import { Link } from "@tanstack/react-router";
import { PageHead } from "@/ui/PageHead";
import { Empty } from "@/ui/QueryView";

export function NotFound() {
  return (
    <>
      <PageHead title="Nothing here" />
      <Empty title="No screen has this address">
        <Link to="/">Go to the overview</Link>
      </Empty>
    </>
  );
}

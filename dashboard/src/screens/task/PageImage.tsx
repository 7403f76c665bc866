import { type CSSProperties, useRef, useState } from "react";
import type { Size } from "@/model/paper";
import type { PdfDocument } from "@/pdf/types";
import { Dialog } from "@/ui/Dialog";
import css from "./PageImage.module.css";
import { Sheet } from "./Sheet";
import { useIsNear } from "./useIsNear";

/** 16 MB each, for the few that are near; and 64 MB for the one that is large. */
const MAX_PIXELS = 4_000_000;
const LARGE_MAX_PIXELS = 16_000_000;

interface Props {
  /** Absent while it is loaded. */
  document: PdfDocument | null;
  usualAspect: number;
  number: number;
  label: string;
}

/** A page as it was printed, drawn while it is near; opens large. Its place has its shape from the beginning. */
export function PageImage({ document, usualAspect, number, label }: Props) {
  const place = useRef<HTMLButtonElement>(null);
  const isNear = useIsNear(place);
  const [size, setSize] = useState<Size | null>(null);
  const [isLarge, setIsLarge] = useState(false);
  const shape = { "--aspect": size ? size.width / size.height : usualAspect } as CSSProperties;
  return (
    <div className={css.beside}>
      <button
        ref={place}
        type="button"
        className={css.page}
        style={shape}
        aria-label={`Open ${label} large`}
        disabled={!document}
        onClick={() => setIsLarge(true)}
      >
        {document && isNear && (
          <Sheet
            document={document}
            number={number}
            label={label}
            density={window.devicePixelRatio}
            maxPixels={MAX_PIXELS}
            onSize={setSize}
          />
        )}
      </button>
      {document && isLarge && (
        <Dialog title={label} wide onClose={() => setIsLarge(false)}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <section tabIndex={0} className={css.large} style={shape} aria-label={`${label}, large`}>
            <Sheet
              document={document}
              number={number}
              label={label}
              density={2 * window.devicePixelRatio}
              maxPixels={LARGE_MAX_PIXELS}
              onSize={setSize}
            />
          </section>
        </Dialog>
      )}
    </div>
  );
}

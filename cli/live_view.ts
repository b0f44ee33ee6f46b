/** What `overfold train` shows on a wide terminal while it runs. */
import type { Span, View } from "../reporting/view.ts";

interface LiveState {
  /** `epoch 3/10`. */
  readonly title: string;
  /** Share of the epoch, or its validation, that is done. */
  readonly done: number;
  /** The position in it, the time left, and the speed: `step 12/390`, `1,234 images/s`. */
  readonly figures: readonly string[];
  /** The losses so far, as a curve. */
  readonly curve: string;
  /** Of the epoch so far: `loss 0.1234`, `accuracy 97.50 %`. */
  readonly metrics: readonly string[];
  readonly best?: string;
}

/** Most characters of a bar. */
const MAX_BAR = 60;
const GAP = "  ";

/** Two lines: a bar between the position and the speed; the loss, metrics and the best result. */
export function liveView(
  { title, done, figures, curve, metrics, best }: LiveState,
  columns: number,
): View {
  const shown = figures.join(GAP);
  const room = columns - 1 - title.length - shown.length - 2 * GAP.length;
  const [first, ...others] = metrics;
  return [
    [{ text: title, style: "bold" }, { text: GAP }, ...bar(done, room), { text: GAP + shown }],
    [
      { text: [first, curve].filter(Boolean).join(" ") },
      ...others.map((text) => ({ text: GAP + text })),
      ...(best === undefined ? [] : [{ text: `${GAP}best ${best}`, style: "good" } as const]),
    ],
  ];
}

function bar(done: number, room: number): Span[] {
  const width = Math.max(0, Math.min(MAX_BAR, room));
  const filled = Math.round(width * Math.max(0, Math.min(1, done)));
  return [
    { text: "━".repeat(filled), style: "good" },
    { text: "─".repeat(width - filled), style: "dim" },
  ];
}

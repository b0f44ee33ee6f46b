/** Redraws drawings for light and dark mode, and for paper, which is white and of another width. */
/// <reference lib="dom" />

/** Something drawn in the page's colors. */
export interface Drawn {
  /** Redraws it in the present colors. */
  redraw(): void;
  /** Redraws it with this width in CSS pixels, or that of its place. */
  resize(width?: number): void;
}

/** Width on paper, in CSS pixels. */
const PRINTED = 640;

/** By their figures; entries of removed figures are garbage-collected. */
const DRAWINGS = new WeakMap<Element, Drawn>();

/** Keeps the content of a figure of class `chart` in the page's appearance. */
export function followAppearance(figure: HTMLElement, drawn: Drawn): void {
  DRAWINGS.set(figure, drawn);
}

/** Runs `work` while a drawing is in the colors for white, without showing it so. */
export async function onWhite<T>(drawn: Drawn, work: () => T): Promise<T> {
  const { classList } = document.documentElement;
  classList.add("printed");
  drawn.redraw();
  // It is drawn after this task, and shown only after the next one.
  await Promise.resolve();
  try {
    return work();
  } finally {
    classList.remove("printed");
    drawn.redraw();
  }
}

function eachDrawing(act: (drawn: Drawn) => void): void {
  for (const figure of document.querySelectorAll("figure.chart")) {
    const drawn = DRAWINGS.get(figure);
    if (drawn) act(drawn);
  }
}

function print(isPrinted: boolean): void {
  document.documentElement.classList.toggle("printed", isPrinted);
  eachDrawing((drawn) => {
    drawn.resize(isPrinted ? PRINTED : undefined);
    drawn.redraw();
  });
}

matchMedia("(prefers-color-scheme: dark)")
  .addEventListener("change", () => eachDrawing((drawn) => drawn.redraw()));
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));

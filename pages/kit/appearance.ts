/** Drawings that follow the page from light to dark, and to paper, which is white and of another width. */
/// <reference lib="dom" />

/** Something that is drawn in the page's colours. */
export interface Drawn {
  /** Draws it anew, in the colours of now. */
  redraw(): void;
  /** Draws it as wide as told, in pixels of CSS, or as its place is. */
  resize(width?: number): void;
}

/** Width on paper, in pixels of CSS. */
const PRINTED = 640;

/** By the figures that show them; those of one that was taken off the page are forgotten. */
const DRAWINGS = new WeakMap<Element, Drawn>();

/** Has what a figure of class `chart` shows follow the page. */
export function followAppearance(figure: HTMLElement, drawn: Drawn): void {
  DRAWINGS.set(figure, drawn);
}

/** Runs `work` while a drawing is in the colours for white; nobody sees it so. */
export async function onWhite<T>(drawn: Drawn, work: () => T): Promise<T> {
  const { classList } = document.documentElement;
  classList.add("printed");
  drawn.redraw();
  // It is drawn when this task gives way, and shown only when the next one does.
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

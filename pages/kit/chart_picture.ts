/** A chart as a picture to take away: on white, with its title and its legend. */
/// <reference lib="dom" />

/** A line of the legend. */
export interface PictureEntry {
  readonly name: string;
  readonly colour: string;
  /** Of its line, as a canvas takes it; undefined for bars and points, which are a square. */
  readonly dash: readonly number[] | undefined;
}

/** Pixels of CSS: around everything, a line of text, a sample of a line. */
const [MARGIN, LINE, SAMPLE] = [12, 22, 24];

/**
 * Puts a picture together.
 *
 * @param plot drawn in colours for white
 * @param width of the plot, in pixels of CSS
 */
export function chartPicture(
  plot: HTMLCanvasElement,
  width: number,
  title: string,
  entries: readonly PictureEntry[],
): HTMLCanvasElement {
  const scale = plot.width / width;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d")!;
  const font = "13px system-ui, sans-serif";
  context.font = font;
  const places = placed(entries.map(({ name }) => context.measureText(name).width), width);
  const top = MARGIN + LINE;
  const bottom = top + plot.height / scale;
  canvas.width = plot.width + 2 * MARGIN * scale;
  canvas.height = scale * (bottom + MARGIN + LINE * (1 + (places.at(-1)?.row ?? -1)));
  context.scale(scale, scale);
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "black";
  context.font = `600 ${font}`;
  context.fillText(title, MARGIN, MARGIN + 14);
  context.drawImage(plot, MARGIN, top, width, plot.height / scale);
  context.font = font;
  entries.forEach(({ name, colour, dash }, i) => {
    const [x, y] = [MARGIN + places[i].left, bottom + LINE * places[i].row];
    context.strokeStyle = context.fillStyle = colour;
    if (dash) {
      context.lineWidth = 2;
      context.setLineDash([...dash]);
      context.beginPath();
      context.moveTo(x, y + 10);
      context.lineTo(x + SAMPLE, y + 10);
      context.stroke();
    } else {
      context.fillRect(x + 6, y + 5, 10, 10);
    }
    context.fillStyle = "black";
    context.fillText(name, x + SAMPLE + 6, y + 15);
  });
  return canvas;
}

/** Where entries with names of these widths stand, in rows that are not wider than told. */
function placed(
  widths: readonly number[],
  most: number,
): { readonly left: number; readonly row: number }[] {
  let [left, row] = [0, 0];
  return widths.map((width) => {
    const whole = SAMPLE + 6 + width + 18;
    if (left > 0 && left + whole > most) [left, row] = [0, row + 1];
    const place = { left, row };
    left += whole;
    return place;
  });
}

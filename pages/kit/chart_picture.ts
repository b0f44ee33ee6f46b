/** A chart as an image: on white, with its title and legend. */
/// <reference lib="dom" />

/** An entry of the legend. */
export interface PictureEntry {
  readonly name: string;
  readonly colour: string;
  /** Dash pattern for a canvas; undefined for bars and points, which get a square. */
  readonly dash: readonly number[] | undefined;
}

/** CSS pixels: margin, line of text, sample of a line. */
const [MARGIN, LINE, SAMPLE] = [12, 22, 24];

/**
 * Draws the image.
 *
 * @param plot drawn in colors for white
 * @param width of the plot, in CSS pixels
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

/** Positions of entries with these text widths, in rows within this width. */
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

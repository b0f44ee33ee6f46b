/**
 * A confusion matrix as a diagram: one HTML file without scripts, links or requests. Only non-zero
 * cells are drawn, so that a thousand classes stay within a few megabytes.
 */
import { escape as escapeHtml } from "@std/html";
import { spellName } from "../reporting/controls.ts";
import { formatCount, formatPercent } from "../reporting/format.ts";
import type { ConfusionMatrix } from "../training/confusion.ts";

type PicturedMatrix = Pick<ConfusionMatrix, "classNames" | "counts">;

/** Side of a cell, in SVG units; a letter is about half of {@link FONT} wide. */
const CELL = 36;
const FONT = 13;
/** Most classes whose names and counts are readable. */
const LABELLED = 30;
/** Letters of a class's name that are shown; the cells' titles have the full name. */
const NAME_LENGTH = 18;

/** The HTML page of a confusion matrix, with a heading and a line with the result. */
export function confusionPicture(
  matrix: PicturedMatrix,
  { title, result }: { readonly title: string; readonly result: string },
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Confusion matrix: ${escape(title)}</title>
<style>
${STYLE}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${escape(result)}</p>
<figure>
${drawing(matrix)}
<figcaption>Rows are true classes, columns predicted classes.
<span class="key right"></span> correct: the darker, the larger the share of the class;
<span class="key wrong"></span> wrong: the darker, the closer to the largest share of errors.
</figcaption>
</figure>
</body>
</html>
`;
}

const STYLE = `\
:root {
  color-scheme: light dark;
  --text: light-dark(#1b2230, #e6e9ef);
  --quiet: light-dark(#5a6475, #a0a9b8);
  --line: light-dark(#d9dee7, #333b49);
  --right: light-dark(#1f5fbf, #7db2ff);
  --wrong: light-dark(#c2410c, #ff9d5c);
  --on: light-dark(#ffffff, #10151e);
  background: light-dark(#ffffff, #12161d);
}
body {
  max-width: 75rem;
  margin: 2rem auto;
  padding: 0 1rem;
  color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
p { margin: 0.2rem 0 1.2rem; }
p, figcaption { color: var(--quiet); }
figure { margin: 0; overflow-x: auto; }
figcaption { font-size: 0.9rem; margin-top: 0.8rem; }
svg { display: block; max-width: 100%; height: auto; }
text { fill: var(--text); font: ${FONT}px system-ui, sans-serif; }
text.on { fill: var(--on); }
text.count { text-anchor: middle; pointer-events: none; }
text.end { text-anchor: end; }
.frame { fill: none; stroke: var(--line); }
.right { fill: var(--right); background: var(--right); }
.wrong { fill: var(--wrong); background: var(--wrong); }
.key { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; }
`;

function escape(text: string): string {
  return escapeHtml(spellName(text));
}

function drawing({ classNames, counts }: PicturedMatrix): string {
  const labelled = classNames.length <= LABELLED;
  const names = classNames.map((name) =>
    name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name
  );
  const room = labelled ? 12 + Math.max(...names.map(({ length }) => length)) * FONT * 0.62 : 1;
  const side = CELL * classNames.length;
  const shares = counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => total === 0 ? 0 : count / total);
  });
  const worst = shares.reduce(
    (most, row, i) => row.reduce((most, share, j) => i === j ? most : Math.max(most, share), most),
    0,
  );
  const cells = counts.flatMap((row, i) =>
    row.flatMap((count, j) =>
      count === 0 ? [] : [cell({
        x: room + CELL * j,
        y: room + CELL * i,
        kind: i === j ? "right" : "wrong",
        strength: i === j ? shares[i][j] : shares[i][j] / worst,
        text: labelled ? shortCount(count) : undefined,
        title: `${classNames[i]} predicted as ${classNames[j]}: ${formatCount(count)}, ` +
          formatPercent(shares[i][j]),
      })]
    )
  );
  const width = Math.ceil(room + side + 1);
  return [
    // On a narrow screen the diagram shrinks while its text stays readable; then it scrolls.
    `<svg viewBox="0 0 ${width} ${width}" width="${width}" ` +
    (labelled ? `style="min-width: ${Math.round(0.7 * width)}px" ` : "") +
    `role="img" aria-label="Confusion matrix of ${classNames.length} classes">`,
    ...(labelled ? names.flatMap((name, i) => labels(escape(name), i, room)) : []),
    ...cells,
    `<rect class="frame" x="${room}" y="${room}" width="${side}" height="${side}"/>`,
    "</svg>",
  ].join("\n");
}

/** The labels of a row and of a column, which reads upwards. */
function labels(name: string, index: number, room: number): string[] {
  const middle = room + CELL * (index + 0.5) + FONT / 3;
  return [
    `<text class="end" x="${room - 6}" y="${middle}">${name}</text>`,
    `<text transform="translate(${middle} ${room - 6}) rotate(-90)">${name}</text>`,
  ];
}

function cell({ x, y, kind, strength, text, title }: {
  readonly x: number;
  readonly y: number;
  readonly kind: "right" | "wrong";
  /** 0 to 1. */
  readonly strength: number;
  readonly text: string | undefined;
  readonly title: string;
}): string {
  const opacity = (0.1 + 0.9 * strength).toFixed(2);
  const square = `<rect class="${kind}" fill-opacity="${opacity}" x="${x}" y="${y}" ` +
    `width="${CELL}" height="${CELL}"><title>${escape(title)}</title></rect>`;
  if (text === undefined) return square;
  const tone = strength > 0.65 ? " on" : "";
  return `${square}<text class="count${tone}" x="${x + CELL / 2}" ` +
    `y="${y + CELL / 2 + FONT / 3}">${text}</text>`;
}

/** A count in at most four characters, which fit into a cell. */
function shortCount(count: number): string {
  if (count < 10_000) return String(count);
  return count < 999_500 ? `${Math.round(count / 1000)}k` : `${Math.round(count / 1e6)}M`;
}

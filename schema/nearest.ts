/** Finds the name that was probably meant. */

/**
 * The one of `names` nearest to `word`, or `undefined` if none is near. Near means: equal except
 * for case and separators, one containing the other, or few edits away for its length.
 */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  const wanted = plain(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const name of names) {
    const candidate = plain(name);
    const [short, long] = [wanted, candidate].sort((a, b) => a.length - b.length);
    const contained = short.length >= 3 && long.includes(short);
    const most = Math.ceil(long.length * 0.4);
    const longer = long.length - short.length;
    const edits = contained || longer > most ? longer : editDistance(wanted, candidate);
    const near = contained || edits <= most;
    // Containment counts less than any near misspelling, but prefers the shortest extension.
    const distance = contained ? Math.min(edits, 2 + edits / 100) : edits;
    if (near && distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `; did you mean "x"?`, or a list of all valid names when none is near. */
export function suggestion(word: string, names: readonly string[], kind: string): string {
  const nearest = nearestName(word, names);
  return nearest === undefined
    ? `; valid ${kind}: ${names.join(", ")}`
    : `; did you mean "${nearest}"?`;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_\-\s.]/g, "");
}

/** Levenshtein distance: number of letters to insert, remove or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + Number(a[i - 1] !== b[j - 1]);
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, replaced));
    }
  }
  return row[b.length];
}

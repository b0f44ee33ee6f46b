/** Names of files, folders and classes: which to ignore, and the order of the others. */

/** Files and folders created by systems and programs. */
const SYSTEM = /^(\..*|thumbs\.db|ehthumbs\.db|desktop\.ini|__macosx|\$recycle\.bin|@eadir)$/i;

/** Columns and keys used as the label; the first that exists. */
export const LABEL_NAMES = ["label", "labels", "class", "classes", "category"];

/** Whether a file or folder is hidden or a system file. */
export function isSystemName(name: string): boolean {
  return SYSTEM.test(name);
}

/** A sort key by code points, the order in which Python, and hence torchvision, sorts. */
export function byCodePoint(a: string, b: string): number {
  const [one, two] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const [x, y] = [one.next(), two.next()];
    if (x.done || y.done) return Number(y.done ?? false) - Number(x.done ?? false);
    const difference = x.value.codePointAt(0)! - y.value.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
}

/** Sorts names in place. */
export function sortNames(names: string[]): string[] {
  // JavaScript sorts by UTF-16 units, much faster: the same order below the surrogates.
  return names.sort(names.some((name) => /[\ud800-\uffff]/.test(name)) ? byCodePoint : undefined);
}

/** Names of files, folders and classes: those to leave out, and the order of the others. */

/** What systems and programs put into folders. */
const SYSTEM = /^(\..*|thumbs\.db|ehthumbs\.db|desktop\.ini|__macosx|\$recycle\.bin|@eadir)$/i;

/** Names of columns and keys that are taken for what an image shows, the first there is. */
export const LABEL_NAMES = ["label", "labels", "class", "classes", "category"];

/** Whether a file or folder is hidden, or of the system. */
export function isSystemName(name: string): boolean {
  return SYSTEM.test(name);
}

/** Text in the order of its code points, in which Python, and with it torchvision, sorts. */
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
  // JavaScript sorts by UTF-16 units, many times as fast: the same order below the surrogates.
  return names.sort(names.some((name) => /[\ud800-\uffff]/.test(name)) ? byCodePoint : undefined);
}

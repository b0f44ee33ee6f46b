/** What a page shows. */
/// <reference lib="dom" />

/** The data that the page was made with. */
export function pageData<T>(): T {
  return JSON.parse(document.getElementById("data")?.textContent ?? "null");
}

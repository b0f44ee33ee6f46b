/** Elements of a page. Texts may come from untrusted files: they are never parsed as HTML. */
/// <reference lib="dom" />
import { spellControls } from "../../reporting/controls.ts";

/** Attributes: `class`, `id`, `aria-label` …; `true` is an attribute without value. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Content of an element; undefined is nothing. */
export type Content = Node | string | undefined;

/** Creates an element. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...contents: readonly Content[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : spellControls(String(value)));
  }
  made.append(
    ...contents.filter((content) => content !== undefined)
      .map((content) => typeof content === "string" ? spellControls(content) : content),
  );
  return made;
}

/** A button with an action. */
export function button(
  text: string,
  act: (button: HTMLButtonElement) => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", () => act(made));
  return made;
}

/** A choice among options, the first by default; `chosen` is called at every change. */
export function choice(
  label: string,
  names: readonly string[],
  chosen: (index: number) => void,
): HTMLElement {
  const select = element(
    "select",
    {},
    ...names.map((name, i) => element("option", { value: i }, name)),
  );
  select.addEventListener("change", () => chosen(select.selectedIndex));
  return element("label", { class: "choice" }, label, select);
}

/** A section with a heading, listed in the table of contents. */
export function section(
  id: string,
  title: string,
  ...contents: readonly Content[]
): HTMLElement {
  return element(
    "section",
    { id, class: "panel", "aria-labelledby": `${id}-heading` },
    element("h2", { id: `${id}-heading` }, title),
    ...contents,
  );
}

/** A paragraph that explains something. */
export function remark(...contents: readonly Content[]): HTMLElement {
  return element("p", { class: "note" }, ...contents);
}

/** Charts next to each other, as many as fit. */
export function chartRow(...charts: readonly HTMLElement[]): HTMLElement {
  return element("div", { class: "charts" }, ...charts);
}

/** Names and values. */
export function facts(rows: readonly (readonly [name: string, value: Content])[]): HTMLElement {
  return element(
    "dl",
    { class: "facts" },
    ...rows.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value))
    ),
  );
}

/** A command to copy. */
export function commandLine(command: string): HTMLElement {
  const copy = button("Copy", async (button) => {
    // Some browsers forbid this for local files; the text can be selected.
    const isCopied = await navigator.clipboard?.writeText(command).then(() => true, () => false);
    button.textContent = isCopied ? "Copied" : "Select the text to copy it";
  });
  return element("div", { class: "command" }, element("code", {}, command), copy);
}

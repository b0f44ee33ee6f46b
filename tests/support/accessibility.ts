/** Accessibility problems of a page that a program can detect. */
import type { Page } from "./browser.ts";

/**
 * Problems of the page in its present state, a line each: text of low contrast (below 4.5 to 1,
 * WCAG 2.2, 1.4.3), controls without a name, images and tables without a label, duplicate ids,
 * skipped levels of headings, and a focus order that is not that of the page.
 */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  return await page.evaluate(`(${findProblems})()`);
}

/** The width that the page needs on a screen of this width, in CSS pixels. */
export async function widthOn(page: Page, width: number): Promise<number> {
  await page.setViewportSize({ width, height: 640 });
  // Charts are redrawn a frame later.
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
  );
  return await page.evaluate("document.documentElement.scrollWidth");
}

/** Runs in the page and therefore uses nothing outside. */
const findProblems = `() => {
  const problems = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const label = (element) => {
    const text = element.textContent.trim().slice(0, 30);
    return element.localName + (element.className ? "." + element.className : "") + " " + text;
  };
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    paint.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      paint.fillStyle = colour;
      paint.fillRect(0, 0, 1, 1);
    }
    return [...paint.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) =>
      v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgrounds = (element) =>
    element ? [...backgrounds(element.parentElement), getComputedStyle(element).backgroundColor] : [];
  for (const element of document.body.querySelectorAll("*")) {
    const hasText = [...element.childNodes].some((node) =>
      node.nodeType === Node.TEXT_NODE && node.data.trim() !== ""
    );
    if (!hasText || !shown(element) || element.closest(".unseen, script, option")) continue;
    const behind = backgrounds(element);
    const [text, ground] = [over([...behind, getComputedStyle(element).color]), over(behind)]
      .map(luminance);
    const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (contrast < 4.5) problems.push("contrast " + contrast.toFixed(2) + ": " + label(element));
  }
  const usable = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
    .filter(shown);
  for (const element of usable) {
    const named = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ??
      element.textContent;
    if (named.trim() === "") problems.push("no name: " + label(element));
    const { width, height } = element.getBoundingClientRect();
    const isInText = element.matches("a, summary");
    if (!isInText && (width < 24 || height < 16)) problems.push("small: " + label(element));
  }
  for (const element of document.querySelectorAll("[tabindex]")) {
    if (element.tabIndex > 0) problems.push("focus out of order: " + label(element));
  }
  for (const image of document.querySelectorAll("img")) {
    if (!image.alt) problems.push("no text in its place: " + label(image));
  }
  for (const canvas of document.querySelectorAll("canvas")) {
    if (!canvas.closest("[role=img][aria-label]")) problems.push("says nothing: " + label(canvas));
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption) problems.push("no caption: " + label(table));
    if (!table.querySelector("thead th[scope=col]")) problems.push("no heads: " + label(table));
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  problems.push(...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => "twice: " + id));
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(heading.localName[1]);
    if (own > level + 1) problems.push("skips a level: " + label(heading));
    level = own;
  }
  if (!document.documentElement.lang) problems.push("no language");
  return problems;
}`;
